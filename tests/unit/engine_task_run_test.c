// engine/task_run: slices, from the first to the last.
#include "task_world.h"

static void test_a_task_that_does_not_wait_ends_in_its_first_slice(void **state) {
  assert_int_equal(start("return 'done'"), TASK_RETURNED);
  assert_string_equal(result, "done");
  assert_int_equal(ended, 1);
  assert_int_equal(over, 1);
}

static void test_one_that_waits_goes_on_and_ends_once(void **state) {
  lua_register(L, "sleep", l_sleep);
  assert_int_equal(start("sleep(20) return 'later'"), TASK_WAITING);
  assert_int_equal(ended, 0);
  assert_int_equal(engine_tasks(engine), 1);
  wait_until_none_waits();
  assert_string_equal(result, "later");
  assert_int_equal(ended, 1);
  assert_int_equal(over, 1);
}

static void test_one_that_waits_can_be_cancelled_and_closes_its_variables(void **state) {
  lua_register(L, "sleep", l_sleep);
  ended = over = 0;
  Task *task = task_new(engine, &noting,
                        "local kept <close> = setmetatable({}, { __close = function() closed = "
                        "true end }) sleep(60000)");
  assert_int_equal(task_start(task), TASK_WAITING);
  assert_true(task_cancel(task));
  assert_true_in_lua("closed == true");
  assert_int_equal(ended, 1);
  assert_int_equal(over, 1);
  assert_int_equal(engine_tasks(engine), 0);
}

static void test_a_posted_task_begins_on_the_engines_thread(void **state) {
  ended = over = 0;
  assert_true(engine_start_thread(engine, NULL));
  assert_true(task_post(task_new(engine, &noting, "return 'posted'")));
  assert_int_equal(ended, 0);
  wait_until_none_waits();
  assert_string_equal(result, "posted");
  assert_int_equal(over, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_a_task_that_does_not_wait_ends_in_its_first_slice),
    TEST(test_one_that_waits_goes_on_and_ends_once),
    TEST(test_one_that_waits_can_be_cancelled_and_closes_its_variables),
    TEST(test_a_posted_task_begins_on_the_engines_thread),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
