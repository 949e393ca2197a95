// engine/run_wait: a caller waits for the end of a run, and gets control back even if the script is stuck.
#include "engine_world.h"

#include <pthread.h>
#include <stdlib.h>
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

static const TaskBody CODE = { .prepare = prepare_code, .over = free, .doing = "code" };

// As wechat.spawn does.
static int l_spawn(lua_State *co) {
  assert_true(task_post(task_new(engine, &CODE, strdup(luaL_checkstring(co, 1)))));
  return 0;
}

static void start(const char *code) {
  assert_int_equal(task_start(task_new(engine, &CODE, strdup(code))), TASK_WAITING);
}

static void open_unlimited(void **state) {
  end(state);
  open_engine(&(EngineOptions){ .library = "lib" });
  lua_register(L, "sleep", l_sleep);
  lua_register(L, "spawn", l_spawn);
}

static void *interrupt_run_soon(void *unused) {
  usleep(100000);
  engine_interrupt_run(engine);
  return NULL;
}

static void assert_interrupted(const char *code) {
  Err err = { 0 };
  pthread_t thread;
  pthread_create(&thread, NULL, interrupt_run_soon, NULL);
  assert_false(run_in_task(code, &err));
  pthread_join(thread, NULL);
}

static void test_an_interruption_ends_the_run_and_what_it_began_and_nothing_else(void **state) {
  open_unlimited(state);
  assert_task_gives("spawn 'sleep(60000)'", "nil");
  start("sleep(60000)");
  assert_interrupted("spawn 'spawn \"sleep(60000)\" sleep(60000)' sleep(60000)");
  for (int i = 0; i < 5000 && engine_tasks(engine) > 2; i++) {
    engine_leave(engine);
    usleep(1000);
    assert_true(engine_enter(engine, INT64_MAX));
  }
  assert_int_equal(engine_tasks(engine), 2);
  assert_interrupted("spawn 'sleep(60000)' while true do end");
  assert_task_gives("return 'the next run goes on'", "the next run goes on");
}

static void spawn_in_group(uint64_t group) {
  static const TaskBody body = { .prepare = prepare_code, .doing = "code" };
  static const char code[] = "spawn 'spawn \"sleep(60000)\" sleep(60000)' sleep(1)";
  Err err = { 0 };
  Run *run = run_new();
  run_set_group(run, group);
  engine_leave(engine);
  assert_true(run_wait(run, engine, &body, (void *)code, RUN_LIMITED, &err));
  run_free(run);
  assert_true(engine_enter(engine, INT64_MAX));
}

static size_t end_group(uint64_t group) {
  size_t count;
  engine_leave(engine);
  assert_true(engine_end_group(engine, group, &count));
  assert_true(engine_enter(engine, INT64_MAX));
  return count;
}

static void wait_for_tasks(size_t wanted) {
  for (int i = 0; i < 5000 && engine_tasks(engine) != wanted; i++) {
    engine_leave(engine);
    usleep(1000);
    assert_true(engine_enter(engine, INT64_MAX));
  }
  assert_int_equal(engine_tasks(engine), wanted);
}

static void test_a_group_ends_with_all_that_its_runs_began_and_nothing_else(void **state) {
  open_unlimited(state);
  assert_task_gives("spawn 'sleep(60000)'", "nil");
  for (int i = 0; i < 2; i++) spawn_in_group(1);
  spawn_in_group(2);
  wait_for_tasks(7);
  assert_int_equal(end_group(3), 0);
  assert_int_equal(end_group(1), 4);
  wait_for_tasks(3);
  assert_int_equal(end_group(1), 0);
  assert_int_equal(end_group(2), 2);
  wait_for_tasks(1);
}

static void *end_group_elsewhere(void *ended) {
  size_t count = 1;
  *(bool *)ended = engine_end_group(engine, 1, &count);
  return count == 0 ? ended : NULL;
}

static void test_a_group_does_not_end_while_another_holds_the_state(void **state) {
  open_unlimited(state);
  spawn_in_group(1);
  wait_for_tasks(2);
  bool ended = true;
  void *counts_none = NULL;
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, end_group_elsewhere, &ended), 0);
  assert_int_equal(pthread_join(thread, &counts_none), 0);
  assert_false(ended);
  assert_ptr_equal(counts_none, &ended);
  assert_int_equal(engine_tasks(engine), 2);
  assert_int_equal(end_group(1), 2);
}

static void test_an_interruption_ends_a_slice_of_another_that_does_not_pause(void **state) {
  open_unlimited(state);
  assert_task_gives("return 1", "1");
  start("sleep(10) while true do end");
  engine_leave(engine);
  usleep(50000);
  engine_interrupt_run(engine);
  for (int i = 0; i < 5000 && engine_tasks(engine) > 0; i++) usleep(1000);
  assert_true(engine_enter(engine, clock_now_us() + 5000000));
}

// Its worker waits for the state when it is closed, to end the tasks of the run. Whether it then sleeps is a matter of
// microseconds: the test does not end if one of its engines does not close.
static void test_an_engine_closes_while_a_run_is_interrupted(void **state) {
  for (int i = 0; i < 200; i++) {
    open_unlimited(state);  // closes the one before
    assert_task_gives("return 1", "1");
    engine_interrupt_run(engine);
    usleep(1000);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_the_caller_gets_what_the_run_gave),
    TEST(test_it_waits_for_a_run_that_waits),
    TEST(test_an_error_is_the_callers),
    TEST(test_a_run_that_is_stuck_is_left_behind),
    TEST(test_a_time_limit_ends_a_run_that_waits),
    TEST(test_an_interruption_ends_the_run_and_what_it_began_and_nothing_else),
    TEST(test_a_group_ends_with_all_that_its_runs_began_and_nothing_else),
    TEST(test_a_group_does_not_end_while_another_holds_the_state),
    TEST(test_an_interruption_ends_a_slice_of_another_that_does_not_pause),
    TEST(test_an_engine_closes_while_a_run_is_interrupted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
