// engine/failure: how errors are described.
#include "engine_world.h"

#include <stdlib.h>
#include <unistd.h>

#include "engine/failure.h"

static Failure failure;

// Describes the error of a coroutine in which `code` failed.
static void describe(const char *code, const char *chunk) {
  lua_State *co = lua_newthread(L);
  int count;
  failure_init(&failure);
  assert_int_equal(luaL_loadbuffer(co, code, strlen(code), chunk), LUA_OK);
  assert_int_not_equal(lua_resume(co, L, 0, &count), LUA_OK);
  failure_describe(engine, co, &failure);
}

static void assert_text(const char *wanted) {
  assert_string_equal(failure.text.ptr, wanted);
  failure_clear(&failure);
}

static void test_the_text_begins_with_the_place(void **state) {
  describe("\nerror('no')", "=code");
  assert_text("code:2: no");
  describe("error('no', 0)", "=code");
  assert_text("code:1: no");
}

static void test_an_error_without_text_is_said_to_be_one(void **state) {
  describe("error(nil)", "=code");
  assert_text("code:1: the script called error(nil): an error without a message");
}

static void test_a_table_is_told_as_json(void **state) {
  describe("error({ code = 7, list = { 1, 2 } })", "=code");
  assert_text("code:1: {\"code\":7,\"list\":[1,2]}");
}

static void test_a_tostring_that_fails_hides_no_error(void **state) {
  describe("error(setmetatable({}, { __tostring = function() error('worse') end }))", "=code");
  assert_text("code:1: an error value of type table whose __tostring fails");
}

static void test_the_line_of_source_is_shown_as_the_file_has_it(void **state) {
  char path[] = "/tmp/wemoon-failure-XXXXXX", chunk[64], wanted[128];
  FILE *file = fdopen(mkstemp(path), "w");
  fputs("-- one\n  error('no')  -- two\n", file);
  fclose(file);
  snprintf(chunk, sizeof chunk, "@%s", path);
  snprintf(wanted, sizeof wanted, "%s:2: no\n  2 | error('no')  -- two", path);
  describe("\nerror('no')", chunk);
  unlink(path);
  assert_text(wanted);
}

static void test_a_function_that_is_left_out_is_told_with_what_gives_it(void **state) {
  describe("os.execute('ls')", "=code");
  assert_text("code:1: attempt to call a nil value (field 'execute'): os.execute needs "
              "allow_shell = true in the configuration");
}

static void test_the_traceback_names_functions_and_not_wemoons_frames(void **state) {
  describe("local function inner() error('no') end\nlocal function outer() inner() end\nouter()",
           "=code");
  assert_non_null(strstr(failure.trace.ptr, "in upvalue 'inner'"));
  assert_non_null(strstr(failure.trace.ptr, "in local 'outer'"));
  assert_null(strstr(failure.trace.ptr, "[C]: in ?"));
  failure_clear(&failure);
}

static void test_it_becomes_an_err(void **state) {
  Err err;
  describe("error('no')", "=code");
  failure_to_err(&failure, &err);
  assert_int_equal(err.code, ERR_FAILED);
  assert_string_equal(err.text, "code:1: no");
  failure_clear(&failure);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_the_text_begins_with_the_place),
    TEST(test_an_error_without_text_is_said_to_be_one),
    TEST(test_a_table_is_told_as_json),
    TEST(test_a_tostring_that_fails_hides_no_error),
    TEST(test_the_line_of_source_is_shown_as_the_file_has_it),
    TEST(test_a_function_that_is_left_out_is_told_with_what_gives_it),
    TEST(test_the_traceback_names_functions_and_not_wemoons_frames),
    TEST(test_it_becomes_an_err),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
