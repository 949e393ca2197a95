// A prompt beside a script: one program per session, in the script's state, within the limits of a message.
#include "program_world.h"

// What new/luarc.lua gives: what the script's function `write` returns.
static const char encode[] = "return function() return write() end";

static int set_up(void **state) { return program_world_open(state, encode); }

static bool call(uint64_t session, const char *program, const char *function,
                 bool (*stop)(void *ctx)) {
  PromptCall prompt = { .session = session,
                        .program = program,
                        .about = STR("{}"),
                        .function = function,
                        .argument = STR(""),
                        .stop = stop };
  world.err = (Err){ 0 };
  buf_reset(&out);
  bool ok = interpreter_prompt(world.in, &prompt, &out, &world.err);
  buf_addc(&out, '\0');
  return ok;
}

static bool ask(void) { return call(1, "new/luarc.lua", "files", NULL); }

static void test_it_runs_in_the_scripts_own_state(void **state) {
  load("word = 'hidden' function on_message() end function write() word = word .. '!' return word "
       "end");
  if (!ask()) fail_msg("%s", world.err.text);
  assert_non_null(strstr(out.ptr, "hidden!"));
  assert_true(call(2, "new/luarc.lua", "files", NULL));
  assert_non_null(strstr(out.ptr, "hidden!!"));
}

static void test_what_fails_is_told_and_the_script_goes_on(void **state) {
  load("function on_message() end function write() error('no paper') end");
  assert_false(ask());
  assert_non_null(strstr(world.err.text, "no paper"));
  assert_false(call(1, "new/luarc.lua", "none", NULL));
  assert_false(call(2, "new/none.lua", "files", NULL));
  assert_non_null(strstr(world.err.text, "new/none.lua is not in this binary"));
}

static void test_its_cpu_time_is_a_messages(void **state) {
  load("function on_message() end function write() while true do end end");
  assert_false(ask());
  assert_non_null(strstr(world.err.text, "300 ms of CPU time"));
  assert_false(interpreter_is_given_up(world.in));
}

static bool always(void *ctx) { return true; }

static void test_a_call_that_waits_is_ended_when_its_caller_says_so(void **state) {
  load("function on_message() end function write() wechat.sleep(15) return '' end");
  int64_t began_us = clock_now_us();
  assert_false(call(1, "new/luarc.lua", "files", always));
  assert_true(clock_now_us() - began_us < 5000000);
  assert_int_equal(interpreter_tasks(world.in), 0);
}

static void test_a_session_that_has_ended_begins_anew(void **state) {
  load("function on_message() end function write() return 'again' end");
  assert_true(ask());
  interpreter_prompt_end(world.in, 1);
  interpreter_prompt_end(world.in, 7);
  size_t count = 1;
  assert_true(interpreter_prompt_end_tasks(world.in, 1, &count));
  assert_int_equal(count, 0);
  assert_true(ask());
  assert_non_null(strstr(out.ptr, "again"));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, program_world_close)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_it_runs_in_the_scripts_own_state),
    TEST(test_what_fails_is_told_and_the_script_goes_on),
    TEST(test_its_cpu_time_is_a_messages),
    TEST(test_a_call_that_waits_is_ended_when_its_caller_says_so),
    TEST(test_a_session_that_has_ended_begins_anew),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
