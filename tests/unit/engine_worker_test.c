// engine/worker: the engine's own thread resumes tasks, and ends with its engine.
#include "engine_world.h"

#include <pthread.h>
#include <unistd.h>

static pthread_t ran_on;

static int l_note_thread(lua_State *co) {
  ran_on = pthread_self();
  return 0;
}

static void test_it_is_started_once(void **state) {
  assert_true(engine_start_thread(engine, NULL));
  assert_true(engine_start_thread(engine, NULL));
}

static void test_what_is_posted_runs_on_another_thread(void **state) {
  lua_register(L, "note_thread", l_note_thread);
  ran_on = pthread_self();
  assert_task_gives("note_thread() return 'ran'", "ran");
  assert_false(pthread_equal(ran_on, pthread_self()));
}

static void test_tasks_that_wait_take_turns(void **state) {
  lua_register(L, "sleep", l_sleep);
  static const TaskBody body = { .prepare = prepare_code, .results = 0, .doing = "code" };
  for (int i = 0; i < 20; i++)
    assert_int_equal(task_start(task_new(engine, &body, "sleep(5) count = (count or 0) + 1")),
                     TASK_WAITING);
  engine_leave(engine);
  for (int i = 0; i < 1000 && engine_tasks(engine) > 0; i++) usleep(2000);
  assert_true(engine_enter(engine, INT64_MAX));
  assert_true_in_lua("count == 20");
}

static void test_its_end_waits_for_no_sleeper(void **state) {
  lua_register(L, "sleep", l_sleep);
  static const TaskBody body = { .prepare = prepare_code, .results = 0, .doing = "code" };
  assert_int_equal(task_start(task_new(engine, &body, "sleep(60000)")), TASK_WAITING);
  int64_t began_us = clock_now_us();
  end(state);
  assert_true(clock_now_us() - began_us < 5000000);
  begin(state);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_it_is_started_once),
    TEST(test_what_is_posted_runs_on_another_thread),
    TEST(test_tasks_that_wait_take_turns),
    TEST(test_its_end_waits_for_no_sleeper),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
