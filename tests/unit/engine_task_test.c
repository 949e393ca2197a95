// engine/task: what a task has: limits, log subject, values.
#include "task_world.h"

static void test_values_are_kept_with_the_task(void **state) {
  lua_register(L, "keep", l_keep);
  assert_null(task_running(L));
  assert_int_equal(start("return keep('value')"), TASK_RETURNED);
  assert_string_equal(result, "value");
}

static void test_a_global_is_found_past_a_scripts_metatable(void **state) {
  run_lua("on_message = print setmetatable(_G, { __index = function() error('asked') end })");
  assert_int_equal(task_push_global(L, "on_message"), LUA_TFUNCTION);
  assert_int_equal(task_push_global(L, "on_page"), LUA_TNIL);
}

static void test_a_task_that_never_ran_takes_no_subject_from_the_log(void **state) {
  LogSubject before = log_about((LogSubject){ .openid = STR("parent") });
  Task *task = task_new(engine, &noting, "");
  task_copy_subject(task, (LogSubject){ .openid = STR("alice") });
  task_discard(task);
  LogSubject after = log_about(before);
  assert_true(str_eq(after.openid, STR("parent")));
}

static void test_a_copied_subject_outlives_its_texts(void **state) {
  char openid[] = "alice", msgid[] = "7";
  Task *task = task_new(engine, &noting, "return 1");
  task_copy_subject(task, (LogSubject){ .openid = str_of(openid), .msgid = str_of(msgid) });
  openid[0] = msgid[0] = 'X';
  assert_true(str_eq(task_subject(task).openid, STR("alice")));
  assert_true(str_eq(task_subject(task).msgid, STR("7")));
  task_start(task);
}

static void test_ranks_are_ordered_by_the_users_clock_and_then_by_arrival(void **state) {
  TaskRank first = { .made_s = 1, .arrived_us = 9 }, second = { .made_s = 2, .arrived_us = 3 },
           third = { .made_s = 2, .arrived_us = 4 }, none = { 0 };
  assert_true(task_rank_is_before(first, second));
  assert_true(task_rank_is_before(second, third));
  assert_false(task_rank_is_before(third, second));
  assert_false(task_rank_is_before(none, first));
  assert_false(task_rank_is_before(first, none));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_values_are_kept_with_the_task),
    TEST(test_a_global_is_found_past_a_scripts_metatable),
    TEST(test_a_copied_subject_outlives_its_texts),
    TEST(test_a_task_that_never_ran_takes_no_subject_from_the_log),
    TEST(test_ranks_are_ordered_by_the_users_clock_and_then_by_arrival),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
