// engine/park: suspended tasks, until they go on, or end with their engine.
#include "engine_world.h"

#include <unistd.h>

static int over, told;

static void note_over(void *data) { over++; }
static void note_cancelled(Task *task) { told++; }

// Goes on elsewhere if it has a rank.
static bool goes_on(const Task *task) { return task_rank(task).made_s > 0; }

static const TaskBody body = { .prepare = prepare_code,
                               .cancelled = note_cancelled,
                               .goes_on = goes_on,
                               .over = note_over,
                               .results = 0,
                               .doing = "code" };

static int set_up(void **state) {
  begin(state);
  over = 0;
  lua_register(L, "sleep", l_sleep);
  return 0;
}

static void start_sleepers(int count) {
  for (int i = 0; i < count; i++)
    assert_int_equal(task_start(task_new(engine, &body, "sleep(60000)")), TASK_WAITING);
}

static void test_suspended_tasks_are_counted(void **state) {
  assert_int_equal(engine_tasks(engine), 0);
  start_sleepers(3);
  assert_int_equal(engine_tasks(engine), 3);
}

static void test_they_end_with_the_last_hold_of_their_engine(void **state) {
  start_sleepers(3);
  end(state);
  assert_int_equal(over, 3);
  set_up(state);
}

static void test_they_end_when_the_engine_is_given_up(void **state) {
  start_sleepers(2);
  engine_leave(engine);
  engine_give_up(engine);
  assert_int_equal(over, 2);
  assert_int_equal(engine_tasks(engine), 0);
  engine_release(engine);
  set_up(state);
}

static bool fits(Task *task, const void *ctx) { return task_rank(task).made_s == *(int64_t *)ctx; }

static void start_ranked(int64_t made_s, const char *code) {
  Task *task = task_new(engine, &body, (void *)code);
  task_set_rank(task, (TaskRank){ .made_s = made_s });
  assert_int_equal(task_start(task), TASK_WAITING);
}

static void test_those_that_go_on_elsewhere_are_told_from_those_that_end(void **state) {
  start_sleepers(2);
  start_ranked(1, "sleep(60000)");
  engine_leave(engine);
  engine_give_up(engine);
  TaskLosses losses = engine_losses(engine);
  assert_int_equal(losses.ended, 2);
  assert_int_equal(losses.go_on, 1);
  engine_release(engine);
  set_up(state);
}

static void test_those_that_fit_end_whatever_they_catch_and_may_wait_as_they_close(void **state) {
  int64_t first = 1;
  start_ranked(1, "local kept <close> = setmetatable({}, { __close = function() sleep(5) closed = "
                  "true end }) while true do pcall(sleep, 60000) end");
  start_ranked(2, "sleep(60000)");
  told = 0;
  engine_cancel_tasks(engine, fits, &first);
  engine_cancel_tasks(engine, fits, &first);
  assert_int_equal(told, 1);
  engine_leave(engine);
  for (int i = 0; i < 500 && engine_tasks(engine) > 1; i++) usleep(2000);
  assert_true(engine_enter(engine, INT64_MAX));
  assert_int_equal(over, 1);
  assert_int_equal(engine_tasks(engine), 1);
  assert_true_in_lua("closed == true");
}

#undef TEST
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, end)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_suspended_tasks_are_counted),
    TEST(test_those_that_fit_end_whatever_they_catch_and_may_wait_as_they_close),
    TEST(test_they_end_with_the_last_hold_of_their_engine),
    TEST(test_they_end_when_the_engine_is_given_up),
    TEST(test_those_that_go_on_elsewhere_are_told_from_those_that_end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
