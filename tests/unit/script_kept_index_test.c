// A process's index of the runs in the store.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "engine/pack.h"
#include "script/kept_index.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static KeptIndex *keys;
static Buf found;

static int set_up(void **state) {
  buf_init(&found);
  keys = kept_index_new("owed/");
  return keys ? 0 : -1;
}

static int tear_down(void **state) {
  kept_index_free(keys);
  buf_clear(&found);
  return 0;
}

static void note(const char *key, EntryState state, bool owed, int64_t look_ms) {
  kept_index_note(keys, str_of(key),
                  (EntryNote){ .state = state, .owed = owed, .look_ms = look_ms });
}

static bool next_due_is(const char *key) {
  return kept_index_next_due(keys, &found) && str_eq(buf_str(&found), str_of(key));
}

static void test_a_key_is_known_until_it_is_forgotten(void **state) {
  assert_false(kept_index_has(keys, STR("asked/a")));
  kept_index_add(keys, STR("asked/a"));
  kept_index_add(keys, STR("asked/a"));
  assert_true(kept_index_has(keys, STR("asked/a")));
  assert_int_equal(kept_index_conversations(keys), 1);
  kept_index_forget(keys, STR("asked/a"));
  kept_index_forget(keys, STR("asked/a"));
  assert_false(kept_index_has(keys, STR("asked/a")));
  assert_int_equal(kept_index_conversations(keys), 0);
}

static void test_conversations_and_owed_runs_are_counted_apart(void **state) {
  kept_index_add(keys, STR("asked/a"));
  kept_index_add(keys, STR("owed/a/1"));
  assert_int_equal(kept_index_conversations(keys), 1);
  assert_int_equal(kept_index_owed(keys), 1);
  note("asked/a", ENTRY_MINE, true, INT64_MAX);  // a conversation that owes an answer is both
  assert_int_equal(kept_index_conversations(keys), 1);
  assert_int_equal(kept_index_owed(keys), 2);
  note("asked/a", ENTRY_ASKS, false, INT64_MAX);
  kept_index_forget(keys, STR("owed/a/1"));
  assert_int_equal(kept_index_owed(keys), 0);
}

static void test_a_key_without_a_value_is_given_once_to_be_read(void **state) {
  kept_index_add(keys, STR("asked/a"));
  assert_true(kept_index_next_unread(keys, &found));
  assert_true(str_eq(buf_str(&found), STR("asked/a")));
  assert_false(kept_index_next_unread(keys, &found));  // not again for a second
  assert_false(kept_index_next_due(keys, &found));
}

static void test_a_question_and_a_run_of_another_process_come_due(void **state) {
  int64_t now_ms = clock_unix_ms();
  note("asked/soon", ENTRY_ASKS, false, now_ms - 1);
  note("asked/later", ENTRY_ASKS, false, now_ms + 60000);
  note("asked/mine", ENTRY_MINE, false, now_ms - 1);
  assert_true(next_due_is("asked/soon"));
  assert_false(kept_index_next_due(keys, &found));
  note("asked/other", ENTRY_OTHER, false, now_ms - 1);
  assert_true(next_due_is("asked/other"));
}

static void test_a_held_question_does_not_come_due_until_it_is_let_go(void **state) {
  bool events = true;
  int64_t past_ms = clock_unix_ms() - 1;
  kept_index_hold(keys, STR("asked/a"), false);
  assert_true(kept_index_is_held(keys, STR("asked/a"), &events));
  assert_false(events);
  note("asked/a", ENTRY_ASKS, false, past_ms);
  assert_true(kept_index_is_held(keys, STR("asked/a"), &events));
  assert_false(kept_index_next_due(keys, &found));
  kept_index_let_go(keys, STR("asked/a"), past_ms);
  assert_false(kept_index_is_held(keys, STR("asked/a"), &events));
  assert_true(next_due_is("asked/a"));
}

static void test_a_held_question_that_another_process_took_is_not_held_any_more(void **state) {
  bool events;
  kept_index_hold(keys, STR("asked/a"), true);
  assert_true(kept_index_is_held(keys, STR("asked/a"), &events) && events);
  note("asked/a", ENTRY_OTHER, false, INT64_MAX);
  assert_false(kept_index_is_held(keys, STR("asked/a"), &events));
}

static void test_all_of_many_come_due_each_at_its_time(void **state) {
  enum { COUNT = 300 };
  int64_t now_ms = clock_unix_ms();
  int soon = 0, later = 0;
  char key[32];
  for (int i = 0; i < COUNT; i++) {
    snprintf(key, sizeof key, "asked/%d", i);
    note(key, ENTRY_ASKS, false, i % 2 ? now_ms + 300 : now_ms - 1);
  }
  while (kept_index_next_due(keys, &found)) {
    soon++;
    kept_index_forget(keys, buf_str(&found));
  }
  while (soon + later < COUNT) {
    if (!kept_index_next_due(keys, &found)) continue;
    assert_true(clock_unix_ms() >= now_ms + 300);
    later++;
    kept_index_forget(keys, buf_str(&found));
  }
  assert_false(kept_index_next_due(keys, &found));
  note("asked/new", ENTRY_ASKS, false, now_ms);
  assert_true(next_due_is("asked/new"));
}

static void test_a_part_of_very_many_is_looked_at_so_it_does_not_rest_yet(void **state) {
  enum { MANY = 20001 };
  char key[32];
  for (int i = 0; i < MANY; i++) {
    snprintf(key, sizeof key, "asked/%d", i);
    note(key, ENTRY_ASKS, false, clock_unix_ms() + 3600 * 1000);
  }
  note("owed/a/1", ENTRY_OTHER, true, clock_unix_ms() - 1);
  int parts = 1;
  for (; !kept_index_next_due(keys, &found); parts++) assert_false(kept_index_due_rests(keys));
  assert_true(parts > 1);
  kept_index_forget(keys, STR("owed/a/1"));
  while (!kept_index_due_rests(keys)) assert_false(kept_index_next_due(keys, &found));
}

static double cpu_s(void) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void test_a_search_without_anything_due_takes_no_time(void **state) {
  note("asked/later", ENTRY_ASKS, false, clock_unix_ms() + 3600 * 1000);
  double begun_s = cpu_s();
  for (int i = 0; i < 20000; i++) {
    assert_false(kept_index_next_due(keys, &found));
    assert_false(kept_index_next_unread(keys, &found));
  }
  assert_true(cpu_s() - begun_s < 0.5);  // each search of all buckets takes 20 us and more
}

static void forget_one(void *ctx, Str key) {
  ++*(int *)ctx;
  kept_index_forget(keys, key);
}

static void test_keys_with_a_prefix_are_visited_and_may_be_forgotten(void **state) {
  int visited = 0;
  char key[32];
  for (int i = 0; i < 300; i++) {
    snprintf(key, sizeof key, "owed/%c/%d", i % 3 ? 'a' : 'b', i);
    kept_index_add(keys, str_of(key));
  }
  kept_index_each(keys, STR("owed/a/"), forget_one, &visited);
  assert_int_equal(visited, 200);
  assert_int_equal(kept_index_owed(keys), 100);
}

static void test_so_many_keys_as_are_asked_for_are_listed(void **state) {
  Str key, rest;
  int listed = 0;
  kept_index_add(keys, STR("asked/a"));
  kept_index_add(keys, STR("owed/a/1"));
  kept_index_add(keys, STR("owed/b/1"));
  kept_index_list(keys, false, 10, &found);
  rest = buf_str(&found);
  assert_true(pack_take_str(&rest, &key) && str_eq(key, STR("asked/a")) && rest.len == 0);
  buf_reset(&found);
  kept_index_list(keys, true, 10, &found);
  for (rest = buf_str(&found); pack_take_str(&rest, &key);) listed += str_starts(key, STR("owed/"));
  assert_int_equal(listed, 2);
  buf_reset(&found);
  kept_index_list(keys, true, 1, &found);
  rest = buf_str(&found);
  assert_true(pack_take_str(&rest, &key) && rest.len == 0);
}

static int listed_beside(const char *key) {
  int count = 0;
  Str one, rest;
  buf_reset(&found);
  kept_index_list_beside(keys, str_of(key), &found);
  for (rest = buf_str(&found); pack_take_str(&rest, &one); count++) {
  }
  return count;
}

static void test_the_owed_runs_of_a_user_are_listed_together(void **state) {
  char key[32];
  for (int i = 0; i < 300; i++) {
    snprintf(key, sizeof key, "owed/%c/%d", i % 3 ? 'a' : 'b', i);
    kept_index_add(keys, str_of(key));
  }
  kept_index_add(keys, STR("asked/a"));
  note("owed/a/1", ENTRY_MINE, true, INT64_MAX);
  assert_int_equal(listed_beside("owed/a/2"), 199);
  assert_int_equal(listed_beside("owed/b/0"), 100);
  assert_int_equal(listed_beside("asked/a"), 1);
  assert_true(str_eq(str_sub(buf_str(&found), 1, found.len), STR("asked/a")));
}

static void test_an_owed_run_is_due_before_it_is_read(void **state) {
  kept_index_add(keys, STR("owed/a/1"));
  assert_false(kept_index_next_unread(keys, &found));
  assert_true(next_due_is("owed/a/1"));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_a_key_is_known_until_it_is_forgotten),
    TEST(test_conversations_and_owed_runs_are_counted_apart),
    TEST(test_a_key_without_a_value_is_given_once_to_be_read),
    TEST(test_a_question_and_a_run_of_another_process_come_due),
    TEST(test_a_held_question_does_not_come_due_until_it_is_let_go),
    TEST(test_a_held_question_that_another_process_took_is_not_held_any_more),
    TEST(test_all_of_many_come_due_each_at_its_time),
    TEST(test_a_part_of_very_many_is_looked_at_so_it_does_not_rest_yet),
    TEST(test_a_search_without_anything_due_takes_no_time),
    TEST(test_keys_with_a_prefix_are_visited_and_may_be_forgotten),
    TEST(test_so_many_keys_as_are_asked_for_are_listed),
    TEST(test_the_owed_runs_of_a_user_are_listed_together),
    TEST(test_an_owed_run_is_due_before_it_is_read),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
