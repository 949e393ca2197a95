// engine/park: suspended tasks, until they go on, or end with their engine.
#include "engine_world.h"

static int over;

static void note_over(void *data) { over++; }

static const TaskBody body = {
  .prepare = prepare_code, .over = note_over, .results = 0, .doing = "code"
};

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

#undef TEST
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, end)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_suspended_tasks_are_counted),
    TEST(test_they_end_with_the_last_hold_of_their_engine),
    TEST(test_they_end_when_the_engine_is_given_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
