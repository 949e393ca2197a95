// A user's messages leave their line in the order in which they joined it, however many threads add to others.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bot/user_lines.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#define TEST(name) cmocka_unit_test(name)

static void test_the_first_is_told_and_the_others_follow_in_order(void **state) {
  UserLines *lines = user_lines_new();
  UserPlace a = { 0 }, b = { 0 }, c = { 0 };
  assert_false(user_lines_has(lines, STR("u")));
  assert_true(user_lines_join(lines, &a, STR("u")));
  assert_false(user_lines_join(lines, &b, STR("u")));
  assert_false(user_lines_join(lines, &c, STR("u")));
  assert_true(user_lines_has(lines, STR("u")));
  assert_false(user_lines_has(lines, STR("another")));
  assert_ptr_equal(user_lines_leave(lines, &a), &b);
  assert_false(a.is_in);
  assert_false(user_lines_join(lines, &a, STR("u")));
  assert_ptr_equal(user_lines_leave(lines, &b), &c);
  assert_ptr_equal(user_lines_leave(lines, &c), &a);
  assert_null(user_lines_leave(lines, &a));
  assert_null(user_lines_leave(lines, &a));
  assert_false(user_lines_has(lines, STR("u")));
  user_lines_free(lines);
}

static bool is_marked(const UserPlace *place) { return place->owner != NULL; }

static void test_one_that_has_begun_can_be_taken_out_by_another_thread(void **state) {
  UserLines *lines = user_lines_new();
  UserPlace a = { .owner = &a }, b = { .owner = &b }, other = { 0 }, *next = NULL;
  assert_false(user_lines_take_begun(lines, is_marked, &next));
  user_lines_join(lines, &other, STR("another"));
  user_lines_join(lines, &a, STR("u"));
  user_lines_join(lines, &b, STR("u"));
  user_lines_begin(lines, &other);  // does not fit
  assert_false(user_lines_take_begun(lines, is_marked, &next));
  user_lines_begin(lines, &a);
  user_lines_wait_on(lines, &a);
  assert_false(user_lines_take_begun(lines, is_marked, &next));
  user_lines_begin(lines, &a);
  assert_true(user_lines_take_begun(lines, is_marked, &next));
  assert_ptr_equal(next, &b);
  assert_null(user_lines_leave(lines, &a));  // b is still there
  assert_false(user_lines_take_begun(lines, is_marked, &next));
  user_lines_begin(lines, &b);
  assert_true(user_lines_take_begun(lines, is_marked, &next));
  assert_null(next);
  assert_false(user_lines_has(lines, STR("u")));
  assert_null(user_lines_leave(lines, &other));
  user_lines_free(lines);
}

enum { USERS = 3000, EACH = 3 };

static void test_users_of_one_bucket_do_not_mix(void **state) {
  static UserPlace places[USERS][EACH];
  static char names[USERS][8];
  UserLines *lines = user_lines_new();
  for (int i = 0; i < USERS; i++) snprintf(names[i], sizeof names[i], "u%d", i);
  for (int k = 0; k < EACH; k++)
    for (int i = 0; i < USERS; i++)
      assert_int_equal(user_lines_join(lines, &places[i][k], str_of(names[i])), k == 0);
  for (int k = 0; k < EACH; k++)
    for (int i = USERS - 1; i >= 0; i--)
      assert_ptr_equal(user_lines_leave(lines, &places[i][k]),
                       k + 1 < EACH ? &places[i][k + 1] : NULL);
  for (int i = 0; i < USERS; i++) assert_false(user_lines_has(lines, str_of(names[i])));
  user_lines_free(lines);
}

typedef struct {
  UserLines *lines;
  char name[8];
} Busy;

static void *join_and_leave(void *arg) {
  Busy *busy = arg;
  Str user = str_of(busy->name);
  for (int i = 0; i < 20000; i++) {
    UserPlace a = { 0 }, b = { 0 };
    assert_true(user_lines_join(busy->lines, &a, user));
    assert_false(user_lines_join(busy->lines, &b, user));
    assert_ptr_equal(user_lines_leave(busy->lines, &a), &b);
    assert_null(user_lines_leave(busy->lines, &b));
  }
  return NULL;
}

static void test_threads_do_not_disturb_each_other(void **state) {
  Busy busy[4];
  pthread_t threads[4];
  UserLines *lines = user_lines_new();
  for (int i = 0; i < 4; i++) {
    busy[i].lines = lines;
    snprintf(busy[i].name, sizeof busy[i].name, "t%d", i);
    pthread_create(&threads[i], NULL, join_and_leave, &busy[i]);
  }
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  assert_false(user_lines_has(lines, STR("t0")));
  user_lines_free(lines);
}

typedef struct {
  Busy busy;
  int nexts;
  atomic_bool *ends;
} Passing;

static void *begin_and_leave(void *arg) {
  Passing *passing = arg;
  UserLines *lines = passing->busy.lines;
  Str user = str_of(passing->busy.name);
  for (int i = 0; i < 20000; i++) {
    UserPlace a = { 0 }, b = { 0 };
    user_lines_join(lines, &a, user);
    user_lines_join(lines, &b, user);
    user_lines_begin(lines, &a);
    if (i % 3 == 0) user_lines_wait_on(lines, &a);
    if (user_lines_leave(lines, &a)) passing->nexts++;
    user_lines_leave(lines, &b);
  }
  return NULL;
}

static bool is_any(const UserPlace *place) { return true; }

static void *take_all(void *arg) {
  Passing *passing = arg;
  UserPlace *next;
  while (!atomic_load(passing->ends))
    if (user_lines_take_begun(passing->busy.lines, is_any, &next) && next) passing->nexts++;
  return NULL;
}

static void test_the_next_is_returned_once_whoever_takes_the_first_out(void **state) {
  atomic_bool ends = false;
  UserLines *lines = user_lines_new();
  Passing one = { .busy = { lines, "one" } }, other = { .busy = { lines, "two" } };
  Passing taker = { .busy = { lines, "" }, .ends = &ends };
  pthread_t threads[3];
  pthread_create(&threads[0], NULL, begin_and_leave, &one);
  pthread_create(&threads[1], NULL, begin_and_leave, &other);
  pthread_create(&threads[2], NULL, take_all, &taker);
  for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
  atomic_store(&ends, true);
  pthread_join(threads[2], NULL);
  assert_int_equal(one.nexts + other.nexts + taker.nexts, 2 * 20000);
  assert_false(user_lines_has(lines, STR("one")) || user_lines_has(lines, STR("two")));
  user_lines_free(lines);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_the_first_is_told_and_the_others_follow_in_order),
    TEST(test_one_that_has_begun_can_be_taken_out_by_another_thread),
    TEST(test_users_of_one_bucket_do_not_mix),
    TEST(test_threads_do_not_disturb_each_other),
    TEST(test_the_next_is_returned_once_whoever_takes_the_first_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
