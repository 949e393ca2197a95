// engine/task_main: what runs inside a task's coroutine.
#include "task_world.h"

static int l_locals(lua_State *co) {
  task_push_locals(co);
  return 1;
}

static void test_what_the_function_returns_comes_to_finish(void **state) {
  assert_int_equal(start("return 'first', 'second'"), TASK_RETURNED);
  assert_string_equal(result, "first");
}

static void test_the_function_at_end_runs_after_a_return_and_after_an_error(void **state) {
  lua_register(L, "locals", l_locals);
  start("locals().at_end = function() at = 'returned' end return 1");
  assert_true_in_lua("at == 'returned'");
  start("locals().at_end = function() at = 'failed' end error('no')");
  assert_true_in_lua("at == 'failed'");
}

static int nothing_to_call(lua_State *co, Task *task) { return -1; }

static void test_a_task_with_nothing_to_call_returns(void **state) {
  static const TaskBody empty = { .prepare = nothing_to_call, .doing = "nothing" };
  assert_int_equal(task_start(task_new(engine, &empty, NULL)), TASK_RETURNED);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_what_the_function_returns_comes_to_finish),
    TEST(test_the_function_at_end_runs_after_a_return_and_after_an_error),
    TEST(test_a_task_with_nothing_to_call_returns),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
