// engine/run_wait: a caller waits for the end of a run, and gets control back even if the script is stuck.
#include "engine_world.h"

#include <pthread.h>
#include <unistd.h>

static int l_block(lua_State *co) {
  usleep(700000);
  return 0;
}

static void test_the_caller_gets_what_the_run_gave(void **state) {
  assert_task_gives("return 6 * 7", "42");
}

static void test_it_waits_for_a_run_that_waits(void **state) {
  lua_register(L, "sleep", l_sleep);
  int64_t began_us = clock_now_us();
  assert_task_gives("sleep(30) return 'late'", "late");
  assert_true(clock_now_us() - began_us >= 30000);
}

static void test_an_error_is_the_callers(void **state) {
  assert_task_fails("\nerror('no')", "code:2: no");
}

static void test_a_run_that_is_stuck_is_left_behind(void **state) {
  lua_register(L, "block", l_block);
  Err err = { 0 };
  engine_set_entry(engine, "code:1");
  end(state);
  open_engine(&(EngineOptions){ .library = "lib", .cpu_us_max = 20000 });
  lua_register(L, "block", l_block);
  int64_t began_us = clock_now_us();
  assert_false(run_in_task("block()", &err));
  assert_true(clock_now_us() - began_us < 690000);
  assert_non_null(strstr(err.text, "is stuck in a call that does not return"));
  assert_true(engine_is_given_up(engine));
  assert_false(run_in_task("return 1", &err));
  assert_int_equal(err.code, ERR_BUSY);
}

static void test_a_time_limit_ends_a_run_that_waits(void **state) {
  end(state);
  open_engine(&(EngineOptions){ .library = "lib", .task_timeout_ms = 50 });
  lua_register(L, "sleep", l_sleep);
  Err err = { 0 };
  assert_false(run_in_task("sleep(5000)", &err));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_the_caller_gets_what_the_run_gave),
    TEST(test_it_waits_for_a_run_that_waits),
    TEST(test_an_error_is_the_callers),
    TEST(test_a_run_that_is_stuck_is_left_behind),
    TEST(test_a_time_limit_ends_a_run_that_waits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
