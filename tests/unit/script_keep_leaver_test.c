// Users who have left the account, and whose conversations are to be ended, by this process or the next one.
#include "base/clock.h"
#include "script_world.h"

static Keep *keep;
static Buf value;
static KeepLeaver leaver;

static int set_up(void **state) {
  if (world_open_shared(state) != 0) return -1;
  keep = world.shared.keep;
  buf_init(&value);
  buf_init(&leaver.openid);
  return 0;
}

static int tear_down(void **state) {
  buf_clear(&value);
  buf_clear(&leaver.openid);
  return world_close(state);
}

static void ask(const char *openid) {
  KeptRun run = { .state = KEPT_ASKS, .openid = str_of(openid), .message = STR("<m/>") };
  assert_true(keep_save(keep, &run, NULL, &value, NULL, NULL));
}

// Continues as another process on the same store, with an empty index.
static void become_another(void) {
  keep_free(keep);
  keep = world.shared.keep = world_new_keep();
}

static bool next_is(const char *openid) {
  return keep_next_leaver(keep, &leaver) && str_eq(buf_str(&leaver.openid), str_of(openid));
}

static bool take_key(void *ctx, Str key) {
  buf_add(ctx, key);
  return true;
}

// Returns whether the next process has the leaver's mark, and takes the leaver over.
static bool takes_over(const char *openid) {
  Buf key;
  KeptRun run;
  buf_init(&key);
  become_another();
  keep_look(keep);
  clock_advance(1100 * 1000);  // it looks at other processes' runs once a second
  bool due = keep_due(keep, take_key, &key) &&
             keep_claim_due(keep, buf_str(&key), &value, &run) == KEEP_ENDED &&
             keep_take_leaver(keep, &run);
  buf_clear(&key);
  return due && next_is(openid);
}

static void test_leavers_are_returned_once_in_order(void **state) {
  assert_false(keep_next_leaver(keep, &leaver));
  keep_note_leaver(keep, STR("a"));
  keep_note_leaver(keep, STR("bc"));
  assert_int_equal(keep_leavers(keep), 2);
  assert_true(next_is("a"));
  assert_true(next_is("bc"));
  assert_false(keep_next_leaver(keep, &leaver));
}

static void test_a_user_who_surely_has_no_conversation_is_no_leaver(void **state) {
  ask("a");
  keep_look(keep);
  keep_note_leaver(keep, STR("b"));
  assert_int_equal(keep_leavers(keep), 0);
  keep_note_leaver(keep, STR("a"));
  assert_int_equal(keep_leavers(keep), 1);
}

static void
test_the_next_process_takes_over_a_leaver_whose_conversation_has_not_ended(void **state) {
  int64_t began_s = clock_unix_s();
  ask("a");
  keep_note_leaver(keep, STR("a"));
  assert_true(takes_over("a"));
  assert_true(leaver.left_s >= began_s && leaver.left_s <= clock_unix_s());
}

static void test_a_leaver_whose_conversation_has_ended_has_left_the_store(void **state) {
  ask("a");
  keep_note_leaver(keep, STR("a"));
  assert_true(next_is("a"));
  keep_leaver_done(keep, &leaver, true);
  assert_false(keep_next_leaver(keep, &leaver));
  assert_false(takes_over("a"));
}

static void test_a_leaver_whose_conversation_runs_comes_again_for_a_minute(void **state) {
  ask("a");
  keep_note_leaver(keep, STR("a"));
  assert_true(next_is("a"));
  keep_leaver_done(keep, &leaver, false);
  assert_true(next_is("a"));
  leaver.until_s -= 60;
  keep_leaver_done(keep, &leaver, false);
  assert_false(keep_next_leaver(keep, &leaver));
  assert_false(takes_over("a"));
}

static void test_who_left_long_before_is_tried_for_as_long_by_the_next_process(void **state) {
  KeptRun mark = { .openid = STR("a"), .identity = STR("left"), .since_s = clock_unix_s() - 600 };
  assert_true(keep_take_leaver(keep, &mark));
  assert_true(next_is("a"));
  keep_leaver_done(keep, &leaver, false);
  assert_true(next_is("a"));
  assert_int_equal(leaver.left_s, mark.since_s);
}

static void test_an_owed_run_is_no_leaver(void **state) {
  assert_false(keep_take_leaver(keep, &(KeptRun){ .openid = STR("a"), .identity = STR("m1") }));
  assert_int_equal(keep_leavers(keep), 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_leavers_are_returned_once_in_order),
    TEST(test_a_user_who_surely_has_no_conversation_is_no_leaver),
    TEST(test_the_next_process_takes_over_a_leaver_whose_conversation_has_not_ended),
    TEST(test_a_leaver_whose_conversation_has_ended_has_left_the_store),
    TEST(test_a_leaver_whose_conversation_runs_comes_again_for_a_minute),
    TEST(test_who_left_long_before_is_tried_for_as_long_by_the_next_process),
    TEST(test_an_owed_run_is_no_leaver),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
