// Reading configuration files.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "script/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char path[64];
static Arena *arena;
static Setting *first;
static Err err;

static int open_all(void **state) {
  snprintf(path, sizeof path, "/tmp/wemoon-settings-%d.lua", (int)getpid());
  arena = arena_new();
  return arena ? 0 : -1;
}

static int close_all(void **state) {
  unlink(path);
  arena_free(arena);
  return 0;
}

static bool read_text(const char *text) {
  FILE *file = fopen(path, "w");
  fputs(text, file);
  fclose(file);
  first = NULL;
  err = (Err){ 0 };
  return settings_read(path, arena, &first, &err);
}

static const Setting *setting(const char *key) {
  for (const Setting *s = first; s; s = s->next) {
    if (str_eq(s->key, str_of(key))) return s;
  }
  fail_msg("no setting %s", key);
  return NULL;
}

static void assert_setting(const char *key, SettingKind kind, const char *text) {
  const Setting *s = setting(key);
  assert_int_equal(s->kind, kind);
  if (!str_eq(s->text, str_of(text)))
    fail_msg("%s is '%.*s', not '%s'", key, STR_FMT(s->text), text);
}

static void assert_refused(const char *text, const char *because) {
  if (read_text(text)) fail_msg("accepted: %s", text);
  assert_int_equal(err.code, ERR_USAGE);
  if (!strstr(err.text, path)) fail_msg("does not name the file: %s", err.text);
  if (!strstr(err.text, because)) fail_msg("says '%s', not '%s'", err.text, because);
}

static void test_each_kind_of_value_keeps_its_text_and_kind(void **state) {
  assert_true(read_text("return { token = 'abc', threads = 16, watch = false, ratio = 0.5, big = "
                        "0x10, list = {}, [\"log_level\"] = 'info' }"));
  assert_setting("token", SETTING_STRING, "abc");
  assert_setting("threads", SETTING_INTEGER, "16");
  assert_setting("big", SETTING_INTEGER, "16");
  assert_setting("watch", SETTING_BOOLEAN, "false");
  assert_setting("ratio", SETTING_NUMBER, "0.5");
  assert_setting("log_level", SETTING_STRING, "info");
  assert_int_equal(setting("list")->kind, SETTING_OTHER);
  assert_string_equal(setting("list")->type_name, "table");
}

static void test_settings_come_sorted_by_key(void **state) {
  assert_true(read_text("return { b = 1, c = 2, a = 3, aa = 4 }"));
  Str previous = STR("");
  size_t count = 0;
  for (const Setting *s = first; s; s = s->next, count++) {
    assert_true(memcmp(previous.ptr, s->key.ptr,
                       previous.len < s->key.len ? previous.len : s->key.len) <= 0);
    previous = s->key;
  }
  assert_int_equal(count, 4);
}

static void test_a_file_may_compute_its_values(void **state) {
  setenv("WEMOON_TEST_SECRET", "s3", 1);
  assert_true(read_text("local function twice(n) return n * 2 end return { appsecret = "
                        "os.getenv('WEMOON_TEST_SECRET'), threads = twice(8) }"));
  assert_setting("appsecret", SETTING_STRING, "s3");
  assert_setting("threads", SETTING_INTEGER, "16");
}

static void test_an_empty_table_has_no_settings(void **state) {
  assert_true(read_text("return {}"));
  assert_null(first);
}

static void test_faults_are_named_with_file_and_line(void **state) {
  assert_refused("return {\n  token = \n}", ":3:");
  assert_refused("\nerror('no')", ":2: no");
  assert_refused("", "returns nothing");
  assert_refused("return 5", "returns number");
  assert_refused("return { 'token' }", "entry 1 has no name");
  assert_refused("return { [true] = 1 }", "a key is a boolean");
  assert_refused("local x = nil; return { a = x.y }", ":1:");
  assert_refused("error(nil)", "nil");
  assert_refused("error(setmetatable({}, { __tostring = function() error('again') end }))",
                 "no text");
  assert_refused("os.exit(3)", "exit");
  assert_refused("local t = {} for i = 1, 200000 do t['k' .. i] = i end return t",
                 "more than 1000 entries");
}

static void test_a_name_that_is_not_defined_is_no_nil(void **state) {
  assert_refused("return {\n  token = 'abc', listen = abc }",
                 ":2: abc is not defined: a text needs quotes");
  assert_refused("local x = abcor return x", "abcor is not defined");
  assert_refused("return { a = abc .. 'x' or 1 }", "abc is not defined");
  assert_refused("return { a = xabc or 1, b = abc }", "abc is not defined");
  assert_refused("local function f() return later end return { a = f() }", "later is not defined");
  assert_true(read_text("port = '81' local none = nil return { a = abc or 'd', b = abc\n or 1, c = "
                        "(abc or 2), d = port, "
                        "e = none, f = rawget(_G, 'abc'), g = os.getenv('WEMOON_NOT_THERE') }"));
  assert_setting("a", SETTING_STRING, "d");
  assert_setting("b", SETTING_INTEGER, "1");
  assert_setting("d", SETTING_STRING, "81");
}

static void test_what_the_file_requires_may_ask_for_names(void **state) {
  assert_true(
      read_text("local asks = load('return jit and 1', '=library') return { a = asks() or 3 }"));
  assert_setting("a", SETTING_INTEGER, "3");
}

static void test_a_file_that_never_ends_is_stopped(void **state) {
  assert_refused("while true do end", "without returning");
  assert_refused("while true do pcall(function() while true do end end) end", "without returning");
  assert_refused("coroutine.wrap(function() while true do end end)()", "without returning");
  assert_refused("xpcall(function() while true do end end, function() while true do end end) while "
                 "true do end",
                 "without returning");
}

// Its thread is left behind, and goes on for as long as it likes.
static void test_a_file_that_nothing_can_stop_is_left_behind(void **state) {
  static const char loop[] = "local function loop() local t = os.clock() while os.clock() - t < 4 "
                             "do end end ";
  char text[512];
  snprintf(text, sizeof text, "%slocal t = setmetatable({}, { __gc = loop }) return {}", loop);
  assert_refused(text, "without returning");
  snprintf(text, sizeof text, "%ssetmetatable({}, { __gc = loop }) collectgarbage() return {}",
           loop);
  assert_refused(text, "without returning");
}

static void test_a_file_that_takes_all_memory_is_stopped(void **state) {
  assert_refused("return { a = string.rep('x', 1 << 30) }", "not enough memory");
  assert_refused("local t = {} while true do t[#t + 1] = string.rep('x', 1 << 25) end",
                 "not enough memory");
}

static void test_endless_recursion_is_an_error(void **state) {
  assert_refused("local function f() return 1 + f() end f()", "stack overflow");
  assert_refused("local function f() string.gsub('a', 'a', f) end f()", "overflow");
}

static void test_a_missing_file_is_named(void **state) {
  err = (Err){ 0 };
  assert_false(settings_read("/nonexistent/config.lua", arena, &first, &err));
  assert_int_equal(err.code, ERR_USAGE);
  assert_non_null(strstr(err.text, "/nonexistent/config.lua"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_each_kind_of_value_keeps_its_text_and_kind),
    cmocka_unit_test(test_settings_come_sorted_by_key),
    cmocka_unit_test(test_a_file_may_compute_its_values),
    cmocka_unit_test(test_an_empty_table_has_no_settings),
    cmocka_unit_test(test_faults_are_named_with_file_and_line),
    cmocka_unit_test(test_a_name_that_is_not_defined_is_no_nil),
    cmocka_unit_test(test_what_the_file_requires_may_ask_for_names),
    cmocka_unit_test(test_a_file_that_never_ends_is_stopped),
    cmocka_unit_test(test_a_file_that_nothing_can_stop_is_left_behind),
    cmocka_unit_test(test_a_file_that_takes_all_memory_is_stopped),
    cmocka_unit_test(test_endless_recursion_is_an_error),
    cmocka_unit_test(test_a_missing_file_is_named),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
