// engine/task_make: a task is made, and made again from one that ended.
#include "task_world.h"

static void test_a_task_made_from_one_that_ended_has_nothing_of_it(void **state) {
  lua_register(L, "keep", l_keep);
  Task *first = task_new(engine, &noting, "return keep('value')");
  task_set_due(first, 5);
  task_set_rank(first, (TaskRank){ .made_s = 3 });
  task_start(first);
  Task *second = task_new(engine, &noting, "return 'other'");
  assert_ptr_equal(second, first);
  task_push_value(L, second, 0);
  assert_false(lua_toboolean(L, -1));
  assert_int_equal(task_due(second), INT64_MAX);
  assert_int_equal(task_rank(second).made_s, 0);
  assert_int_equal(task_start(second), TASK_RETURNED);
  assert_string_equal(result, "other");
}

static void test_one_that_failed_is_made_again_with_a_new_coroutine(void **state) {
  assert_int_equal(start("error('no')"), TASK_FAILED);
  assert_int_equal(start("return 'well'"), TASK_RETURNED);
  assert_string_equal(result, "well");
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_a_task_made_from_one_that_ended_has_nothing_of_it),
    TEST(test_one_that_failed_is_made_again_with_a_new_coroutine),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
