// engine/task: tasks from their first slice to their end.
#include "engine_world.h"

#include <unistd.h>

static int ended, over;
static TaskState end_state;
static char error_text[200];

static void note_end(Task *task) {
  ended++;
  end_state = task_state(task);
}

static void note_over(void *data) { over++; }

static const TaskBody *note_failure(Task *task, Str error) {
  snprintf(error_text, sizeof error_text, "%.*s", STR_FMT(error));
  return NULL;
}

static const TaskBody body = { .prepare = prepare_code,
                               .finish = keep_result,
                               .failed = note_failure,
                               .ended = note_end,
                               .over = note_over,
                               .results = 1,
                               .doing = "code" };

static TaskState start(const char *code) {
  ended = over = 0;
  result[0] = error_text[0] = '\0';
  return task_start(task_new(engine, &body, (void *)code));
}

static void test_a_task_that_does_not_wait_ends_in_its_first_slice(void **state) {
  assert_int_equal(start("return 'done'"), TASK_RETURNED);
  assert_string_equal(result, "done");
  assert_int_equal(ended, 1);
  assert_int_equal(over, 1);
}

static void test_an_error_is_told_to_its_body(void **state) {
  assert_int_equal(start("\nerror('no')"), TASK_FAILED);
  assert_string_equal(error_text, "code:2: no");
  assert_int_equal(end_state, TASK_FAILED);
  assert_int_equal(over, 1);
}

static void test_one_that_runs_too_long_ends_by_that_name(void **state) {
  assert_int_equal(start("while true do end"), TASK_OVER_CPU);
  assert_int_equal(over, 1);
}

static void test_one_that_waits_goes_on_and_ends_once(void **state) {
  lua_register(L, "sleep", l_sleep);
  assert_int_equal(start("sleep(20) return 'later'"), TASK_WAITING);
  assert_int_equal(ended, 0);
  assert_int_equal(engine_tasks(engine), 1);
  engine_leave(engine);
  for (int i = 0; i < 500 && engine_tasks(engine) > 0; i++) usleep(2000);
  assert_true(engine_enter(engine, INT64_MAX));
  assert_string_equal(result, "later");
  assert_int_equal(ended, 1);
  assert_int_equal(over, 1);
}

static void test_one_that_waits_can_be_cancelled_and_closes_its_variables(void **state) {
  lua_register(L, "sleep", l_sleep);
  ended = over = 0;
  Task *task = task_new(engine, &body,
                        "local kept <close> = setmetatable({}, { __close = function() closed = "
                        "true end }) sleep(60000)");
  assert_int_equal(task_start(task), TASK_WAITING);
  assert_true(task_cancel(task));
  assert_true_in_lua("closed == true");
  assert_int_equal(ended, 1);
  assert_int_equal(over, 1);
  assert_int_equal(engine_tasks(engine), 0);
}

static int l_keep(lua_State *co) {
  Task *task = task_running(co);
  lua_pushvalue(co, 1);
  task_set_value(co, task, 0);
  task_push_value(co, task, 0);
  return 1;
}

static void test_values_are_kept_with_the_task(void **state) {
  lua_register(L, "keep", l_keep);
  assert_null(task_running(L));
  assert_int_equal(start("return keep('value')"), TASK_RETURNED);
  assert_string_equal(result, "value");
}

static void test_a_global_is_found_past_a_scripts_metatable(void **state) {
  run_lua("on_message = print setmetatable(_G, { __index = function() error('asked') end })");
  assert_int_equal(task_push_global(L, "on_message"), LUA_TFUNCTION);
  assert_int_equal(task_push_global(L, "on_page"), LUA_TNIL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_a_task_that_does_not_wait_ends_in_its_first_slice),
    TEST(test_an_error_is_told_to_its_body),
    TEST(test_one_that_runs_too_long_ends_by_that_name),
    TEST(test_one_that_waits_goes_on_and_ends_once),
    TEST(test_one_that_waits_can_be_cancelled_and_closes_its_variables),
    TEST(test_values_are_kept_with_the_task),
    TEST(test_a_global_is_found_past_a_scripts_metatable),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
