// engine/wait: a wait is finished, cancelled or left.
#include "task_world.h"

static Wait *pending;
static int cancelled, dropped;

static void note_cancel(void *ctx) { cancelled++; }
static void note_drop(void *data) { dropped++; }

static int push_text(lua_State *co, void *data) {
  lua_pushstring(co, data);
  return 1;
}

static int l_receive(lua_State *co) {
  pending = wait_begin(co, "lib.receive");
  return wait_suspend(co, pending, note_cancel, NULL);
}

static int set_up(void **state) {
  begin(state);
  assert_true(engine_start_thread(engine, NULL));
  cancelled = dropped = 0;
  lua_register(L, "receive", l_receive);
  return 0;
}

static Task *start_code(const char *code) {
  static const TaskBody body = {
    .prepare = prepare_code, .finish = keep_result, .results = 1, .doing = "code"
  };
  result[0] = '\0';
  Task *task = task_new(engine, &body, (void *)code);
  assert_int_equal(task_start(task), TASK_WAITING);
  return task;
}

static void *finish_it(void *arg) {
  assert_true(wait_finish(pending, push_text, note_drop, "from outside"));
  return NULL;
}

static void test_a_result_from_another_thread_resumes_the_task(void **state) {
  pthread_t thread;
  start_code("return (receive())");
  engine_leave(engine);
  pthread_create(&thread, NULL, finish_it, NULL);
  pthread_join(thread, NULL);
  assert_true(engine_enter(engine, INT64_MAX));
  wait_until_none_waits();
  assert_string_equal(result, "from outside");
  assert_int_equal(cancelled, 0);
  assert_int_equal(dropped, 0);
}

static void test_a_result_that_comes_too_late_is_dropped(void **state) {
  assert_true(task_cancel(start_code("receive()")));
  assert_int_equal(cancelled, 1);
  assert_false(wait_finish(pending, push_text, note_drop, "late"));
  assert_int_equal(dropped, 1);
}

static void test_an_operation_that_leaves_is_not_cancelled(void **state) {
  Task *task = start_code("receive()");
  wait_leave(pending);
  assert_true(task_cancel(task));
  assert_int_equal(cancelled, 0);
}

static void note_begin(Task *task, void *data) { assert_string_equal(data, "here"); }

static void test_the_next_slice_can_run_on_the_callers_thread(void **state) {
  TaskState after;
  start_code("return (receive())");
  engine_leave(engine);
  assert_true(
      wait_resume(pending, note_begin, push_text, "here", clock_now_us() + 1000000, &after));
  wait_leave(pending);
  assert_int_equal(after, TASK_RETURNED);
  assert_string_equal(result, "here");
  assert_true(engine_enter(engine, INT64_MAX));
}

#undef TEST
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, end)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_a_result_from_another_thread_resumes_the_task),
    TEST(test_a_result_that_comes_too_late_is_dropped),
    TEST(test_an_operation_that_leaves_is_not_cancelled),
    TEST(test_the_next_slice_can_run_on_the_callers_thread),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
