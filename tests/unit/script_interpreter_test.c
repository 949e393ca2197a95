// An interpreter: it is loaded, started with the previous interpreter's state, asked for its own state, and retired.
#include "script_world.h"

static void assert_not_loaded(const char *code, const char *because) {
  if (try_load(code)) fail_msg("loaded: %s", code);
  assert_int_equal(world.err.code, ERR_FAILED);
  if (!strstr(world.err.text, because)) fail_msg("says '%s', not '%s'", world.err.text, because);
}

static void test_a_script_without_on_message_is_refused(void **state) {
  assert_not_loaded("local x = 1", "defines no on_message");
  assert_not_loaded("local bot = require 'wechat.bot'", "`on_message = bot.on_message`");
  assert_not_loaded("on_message = 5", "on_message must be a function, not a number");
  assert_not_loaded("error('no')", "bot.lua:1: no");
}

static void test_a_missing_script_is_a_usage_error(void **state) {
  world.in = interpreter_new(&world.options, &world.err);
  assert_false(interpreter_load(world.in, "/nowhere/bot.lua", &world.err));
  assert_int_equal(world.err.code, ERR_USAGE);
}

static void test_the_old_state_is_handed_over(void **state) {
  Buf json;
  buf_init(&json);
  load("function on_message() end function on_unload() return { n = 7 } end");
  interpreter_unload(world.in, &json);
  assert_string_equal(json.ptr, "{\"n\":7}");
  load("function on_load(state) n = state and state.n or 'nothing' end\n"
       "function on_message() return tostring(n) end");
  assert_answer("x", TASK_RETURNED, "nothing");
  assert_true(interpreter_start(world.in, buf_str(&json), &world.err));
  assert_answer("x", TASK_RETURNED, "7");
  buf_clear(&json);
}

static void test_a_failing_on_load_keeps_it_out_of_service(void **state) {
  assert_not_loaded("function on_message() end function on_load() error('no') end", "no");
}

static void test_a_state_that_json_does_not_have_is_lost_and_logged(void **state) {
  Buf json;
  buf_init(&json);
  load("function on_message() end function on_unload() return print end");
  interpreter_unload(world.in, &json);
  assert_int_equal(json.len, 0);
  assert_logged("on_unload failed");
  buf_clear(&json);
}

static void test_another_interpreter_is_loaded_with_the_same_text(void **state) {
  load("function on_message() return 'old' end");
  Interpreter *first = world.in;
  write_file("bot.lua", "function on_message() return 'new' end");
  world.in = interpreter_new(&world.options, &world.err);
  assert_true(interpreter_load_like(world.in, first, world.script, &world.err));
  interpreter_release(first);
  assert_answer("x", TASK_RETURNED, "old");
}

static void test_what_interpreters_share_counts_them_and_their_failures(void **state) {
  load("function on_message() error('no') end");
  assert_int_equal(world.shared.interpreters, 1);
  assert_answer("x", TASK_FAILED, "");
  assert_int_equal(world.shared.errors, 1);
  interpreter_release(world.in);
  world.in = NULL;
  for (int i = 0; i < 1000 && world.shared.interpreters > 0; i++) usleep(1000);
  assert_int_equal(world.shared.interpreters, 0);
}

static void test_one_out_of_service_still_answers_who_holds_it(void **state) {
  load("function on_message() return 'still' end");
  assert_false(interpreter_is_retired(world.in));
  interpreter_retire(world.in);
  assert_true(interpreter_is_retired(world.in));
  assert_answer("x", TASK_RETURNED, "still");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, world_open, world_close)
#define SHARED(test) cmocka_unit_test_setup_teardown(test, world_open_shared, world_close)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_a_script_without_on_message_is_refused),
    TEST(test_a_missing_script_is_a_usage_error),
    TEST(test_the_old_state_is_handed_over),
    TEST(test_a_failing_on_load_keeps_it_out_of_service),
    TEST(test_a_state_that_json_does_not_have_is_lost_and_logged),
    TEST(test_another_interpreter_is_loaded_with_the_same_text),
    SHARED(test_what_interpreters_share_counts_them_and_their_failures),
    TEST(test_one_out_of_service_still_answers_who_holds_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
