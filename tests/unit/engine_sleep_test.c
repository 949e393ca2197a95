// engine/sleep: a time is waited for.
#include "task_world.h"

static int set_up(void **state) {
  begin(state);
  lua_register(L, "sleep", l_sleep);
  return 0;
}

static void test_a_time_is_waited_for(void **state) {
  int64_t began_us = clock_now_us();
  assert_task_gives("sleep(25) return 'then'", "then");
  assert_true(clock_now_us() - began_us >= 25000);
}

static void test_the_earlier_one_wakes_first(void **state) {
  ended = over = 0;
  run_lua("order = ''");
  task_start(task_new(engine, &noting, "sleep(400) order = order .. 'b' return order"));
  task_start(task_new(engine, &noting, "sleep(10) order = order .. 'a' return order"));
  wait_until_none_waits();
  assert_string_equal(result, "ab");
  assert_int_equal(over, 2);
}

static void test_one_that_is_cancelled_never_wakes(void **state) {
  ended = over = 0;
  Task *task = task_new(engine, &noting, "sleep(10) woke = true");
  assert_int_equal(task_start(task), TASK_WAITING);
  assert_true(task_cancel(task));
  engine_leave(engine);
  usleep(30000);
  assert_true(engine_enter(engine, INT64_MAX));
  assert_true_in_lua("woke == nil");
  assert_int_equal(over, 1);
}

#undef TEST
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, end)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_a_time_is_waited_for),
    TEST(test_the_earlier_one_wakes_first),
    TEST(test_one_that_is_cancelled_never_wakes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
