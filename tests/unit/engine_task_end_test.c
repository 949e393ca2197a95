// engine/task_end: the end of a task is told once, to all.
#include "task_world.h"

static int told;

static void note_tie(TaskTie *tie) { told++; }

static Task *start_sleeper(void) {
  ended = over = told = 0;
  lua_register(L, "sleep", l_sleep);
  Task *task = task_new(engine, &noting, "sleep(60000)");
  assert_int_equal(task_start(task), TASK_WAITING);
  return task;
}

static void test_what_is_tied_to_a_task_ends_with_it_once(void **state) {
  TaskTie tie = { .end = note_tie }, other = { .end = note_tie };
  Task *task = start_sleeper();
  task_tie(task, &tie);
  task_tie(task, &other);
  task_untie(&other);
  task_cancel(task);
  assert_int_equal(told, 1);
  task_untie(&tie);
}

static void test_its_hold_keeps_the_engine_to_its_end(void **state) {
  Task *task = start_sleeper();
  task_hold_engine(task);
  engine_release(engine);
  assert_int_equal(over, 0);
  engine_retain(engine);
  task_cancel(task);
  assert_int_equal(over, 1);
}

static void test_the_body_is_told_in_an_engine_that_was_given_up(void **state) {
  TaskTie tie = { .end = note_tie };
  task_tie(start_sleeper(), &tie);
  engine_leave(engine);
  engine_give_up(engine);
  assert_int_equal(ended, 1);
  assert_int_equal(end_state, TASK_CANCELLED);
  assert_int_equal(told, 1);
  assert_int_equal(over, 1);
  L = NULL;
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_what_is_tied_to_a_task_ends_with_it_once),
    TEST(test_its_hold_keeps_the_engine_to_its_end),
    TEST(test_the_body_is_told_in_an_engine_that_was_given_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
