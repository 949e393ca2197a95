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
static SettingName *undefined;
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
  undefined = NULL;
  err = (Err){ 0 };
  return settings_read(path, arena, &first, &undefined, &err);
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

static bool is_undefined(const char *name) {
  const SettingName *one = undefined;
  while (one && !str_eq(one->text, str_of(name))) one = one->next;
  return one != NULL;
}

static void test_names_that_are_not_defined_are_noted_and_nil(void **state) {
  assert_true(read_text("if DEBUG then error('set') end if not ENV then ENV = 'dev' end "
                        "return { a = abc, b = (PORT) or '81', c = _G['x'] == nil, d = ENV, "
                        "e = rawget(_G, 'raw'), f = os.getenv('WEMOON_NOT_THERE') }"));
  assert_setting("b", SETTING_STRING, "81");
  assert_setting("c", SETTING_BOOLEAN, "true");
  assert_setting("d", SETTING_STRING, "dev");
  assert_true(is_undefined("abc") && is_undefined("DEBUG") && is_undefined("PORT") &&
              is_undefined("x"));
  assert_false(is_undefined("ENV") || is_undefined("raw") || is_undefined("os"));
}

static void test_the_list_of_names_is_bounded(void **state) {
  assert_true(read_text("for i = 1, 500 do local _ = _G['n' .. i], _G[('x'):rep(10000)] end "
                        "return { a = _G[1], b = _G[true] }"));
  int count = 0;
  for (const SettingName *one = undefined; one; one = one->next) count++;
  assert_int_equal(count, 100);
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
  assert_false(settings_read("/nonexistent/config.lua", arena, &first, &undefined, &err));
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
    cmocka_unit_test(test_names_that_are_not_defined_are_noted_and_nil),
    cmocka_unit_test(test_the_list_of_names_is_bounded),
    cmocka_unit_test(test_a_file_that_never_ends_is_stopped),
    cmocka_unit_test(test_a_file_that_nothing_can_stop_is_left_behind),
    cmocka_unit_test(test_a_file_that_takes_all_memory_is_stopped),
    cmocka_unit_test(test_endless_recursion_is_an_error),
    cmocka_unit_test(test_a_missing_file_is_named),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
