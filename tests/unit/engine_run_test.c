// engine/run: what a run shares with its task.
#include "engine_world.h"

static void test_a_run_has_memory_and_room_for_what_it_gives(void **state) {
  Run *run = run_new();
  buf_add(run_out(run), STR("given"));
  assert_string_equal(run_out(run)->ptr, "given");
  assert_non_null(arena_alloc(run_arena(run), 100));
  run_free(run);
  run_free(NULL);
}

static void test_a_trace_is_there_once_the_run_is_over(void **state) {
  static const TaskBody body = { .prepare = prepare_code, .doing = "code" };
  Err err = { 0 };
  Run *run = run_new();
  assert_int_equal(run_trace(run).len, 0);
  engine_leave(engine);
  assert_false(run_wait(run, engine, &body, "\nerror('no')", RUN_LIMITED, &err));
  assert_true(str_find(run_trace(run), STR("code:2")) >= 0);
  run_free(run);
  assert_true(engine_enter(engine, INT64_MAX));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_a_run_has_memory_and_room_for_what_it_gives),
    TEST(test_a_trace_is_there_once_the_run_is_over),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
