// Chunks that run to their end, with arguments and results.
#include "script_world.h"

static Buf out;

static int set_up(void **state) {
  world_open(state);
  buf_init(&out);
  world.in = interpreter_new(&world.options, &world.err);
  return world.in ? 0 : -1;
}

static int tear_down(void **state) {
  buf_clear(&out);
  return world_close(state);
}

static bool exec(const char *code, char **args, size_t count) {
  buf_reset(&out);
  world.err = (Err){ 0 };
  return interpreter_exec(world.in, str_of(code), "=(command line)", args, count, &out, &world.err);
}

static void assert_prints(const char *code, const char *wanted) {
  if (!exec(code, NULL, 0)) fail_msg("%s", world.err.text);
  assert_string_equal(out.len ? out.ptr : "", wanted);
}

static void assert_fails(const char *code, const char *words) {
  assert_false(exec(code, NULL, 0));
  assert_int_equal(world.err.code, ERR_FAILED);
  if (!strstr(world.err.text, words)) fail_msg("'%s' without '%s'", world.err.text, words);
}

static void test_each_result_is_a_line_of_json(void **state) {
  assert_prints("return 1, 'two', { 3 }", "1\n\"two\"\n[3]\n");
  assert_prints("local x = 1", "");
}

static void test_arguments_come_as_values_and_in_arg(void **state) {
  char *args[] = { "one", "two" };
  assert_true(exec("local a, b = ... return a .. b, arg[1], arg[2], #arg, arg[0]", args, 2));
  assert_string_equal(out.ptr, "\"onetwo\"\n\"one\"\n\"two\"\n2\n\"(command line)\"\n");
}

static void test_it_waits_for_what_the_chunk_waits_for(void **state) {
  assert_prints("wechat.sleep(0.01) return 'awake'", "\"awake\"\n");
}

static void test_nil_and_an_error_are_a_failure(void **state) {
  assert_fails("return nil, 'no such user'", "no such user");
  assert_prints("return nil", "null\n");
}

static void test_an_error_is_told_with_its_place_and_traceback(void **state) {
  assert_fails("\nerror('no')", "(command line):2: no");
  assert_non_null(strstr(out.ptr, "traceback"));
  assert_fails("return +", "(command line):1:");
}

static void test_a_result_that_json_does_not_have_is_named(void **state) {
  assert_fails("return 1, print", "result 2");
}

static void test_a_line_for_the_shell_is_skipped(void **state) {
  assert_prints("#!/usr/bin/env wemoon\nreturn debug.getinfo(1, 'l').currentline", "2\n");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_each_result_is_a_line_of_json),
    TEST(test_arguments_come_as_values_and_in_arg),
    TEST(test_it_waits_for_what_the_chunk_waits_for),
    TEST(test_nil_and_an_error_are_a_failure),
    TEST(test_an_error_is_told_with_its_place_and_traceback),
    TEST(test_a_result_that_json_does_not_have_is_named),
    TEST(test_a_line_for_the_shell_is_skipped),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
