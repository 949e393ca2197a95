// engine/task_next: what a task that failed runs next.
#include "task_world.h"

static int prepare_from_error(lua_State *co, Task *task) {
  lua_getglobal(co, "on_error");
  lua_insert(co, 1);
  return 1;
}

static const TaskBody *use_on_error(Task *task, Str error) {
  static const TaskBody in_its_place = {
    .prepare = prepare_from_error, .finish = keep_result, .results = 1, .doing = "on_error"
  };
  return &in_its_place;
}

static TaskState start_with_on_error(const char *code) {
  static const TaskBody with = {
    .prepare = prepare_code, .failed = use_on_error, .ended = note_end, .doing = "code"
  };
  result[0] = '\0';
  ended = 0;
  return task_start(task_new(engine, &with, (void *)code));
}

static void test_another_body_gets_the_error_value(void **state) {
  run_lua("function on_error(e) return 'got ' .. tostring(e and e.code) end");
  assert_int_equal(start_with_on_error("error({ code = 7 })"), TASK_FAILED);
  assert_string_equal(result, "got 7");
  assert_int_equal(ended, 1);
}

static void test_one_that_was_stopped_has_no_error_value(void **state) {
  run_lua("function on_error(e) return 'got ' .. tostring(e) end");
  assert_int_equal(start_with_on_error("while true do end"), TASK_OVER_CPU);
  assert_string_equal(result, "got nil");
}

static void test_an_error_of_the_other_body_ends_the_task(void **state) {
  run_lua("function on_error(e) error('again') end");
  assert_int_equal(start_with_on_error("error('no')"), TASK_FAILED);
  assert_string_equal(result, "");
  assert_int_equal(ended, 1);
}

static void test_a_failed_one_that_waits_in_the_other_body_leaves_nothing_behind(void **state) {
  lua_register(L, "sleep", l_sleep);
  run_lua("function on_error(e) sleep(60000) end");
  assert_int_equal(start_with_on_error("error('no')"), TASK_WAITING);
  engine_leave(engine);
  engine_give_up(engine);
  assert_int_equal(ended, 1);
  L = NULL;
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_another_body_gets_the_error_value),
    TEST(test_one_that_was_stopped_has_no_error_value),
    TEST(test_an_error_of_the_other_body_ends_the_task),
    TEST(test_a_failed_one_that_waits_in_the_other_body_leaves_nothing_behind),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
