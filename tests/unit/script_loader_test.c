// Loading code: the script, the modules that it requires, the embedded files.
#include "script_world.h"

#include "script/inner.h"
#include "script/loader.h"

static void assert_skips(const char *text, const char *rest) {
  Str code = loader_skip_head(str_of(text));
  if (!str_eq(code, str_of(rest))) fail_msg("'%.*s', not '%s'", STR_FMT(code), rest);
}

static void test_a_byte_order_mark_and_a_line_for_the_shell_are_skipped(void **state) {
  assert_skips("return 1", "return 1");
  assert_skips("\xEF\xBB\xBFreturn 1", "return 1");
  assert_skips("#!/bin/wemoon\nreturn 1", "\nreturn 1");
  assert_skips("\xEF\xBB\xBF# x\nreturn 1", "\nreturn 1");
  assert_skips("#!/bin/wemoon", "");
  assert_skips("", "");
}

static void test_a_module_is_found_beside_the_script(void **state) {
  write_file("one.lua", "return 'one'");
  write_file("two/init.lua", "return 'two'");
  write_file("lua_modules/share/lua/5.4/three.lua", "return 'three'");
  load("local all = require 'one' .. require 'two' .. require 'three'\n"
       "function on_message() return all end");
  assert_answer("x", TASK_RETURNED, "onetwothree");
}

// The searched places are whole in the message, so the message stays below the length of an Err.
static void test_a_missing_module_is_told_with_every_place_that_was_searched(void **state) {
  assert_false(try_load("require 'not.there'"));
  char places[512];
  snprintf(places, sizeof places,
           "module 'not.there' not found:\n\tno not/there.lua and no not/there/init.lua beside "
           "the script (%s/), nor in its lua_modules/share/lua/5.4\n",
           world.folder);
  assert_non_null(strstr(world.err.text, places));
  assert_non_null(strstr(world.err.text, "no such file in /usr/local/share/lua/5.4/, "));
  assert_non_null(strstr(world.err.text, "no C library is searched for: allow_shell = false"));
  assert_null(strstr(world.err.text, "preload"));
  world.options.allow_shell = true;
  assert_false(try_load("require 'not.there'"));
  assert_non_null(strstr(world.err.text, "no C library in /usr/local/lib/lua/5.4/, "));
}

static void test_a_file_that_cannot_be_read_is_told_with_the_reason(void **state) {
  char path[160];
  snprintf(path, sizeof path, "%s/folder.lua", world.folder);
  mkdir(path, 0700);
  assert_false(try_load("require 'folder'"));
  assert_non_null(strstr(world.err.text, "cannot read"));
  assert_non_null(strstr(world.err.text, "Is a directory"));
}

static void test_modules_in_c_need_allow_shell(void **state) {
  const char *code = "local ok, why, kind = package.loadlib('x.so', 'y')\n"
                     "function on_message() return tostring(ok) .. kind end";
  load(code);
  assert_answer("x", TASK_RETURNED, "nilabsent");
  world.options.allow_shell = true;
  load(code);
  assert_answer("x", TASK_RETURNED, "nilopen");
}

static void test_text_that_is_not_utf8_is_warned_of_with_its_line(void **state) {
  load("-- one\n-- \xC4\xE3\nfunction on_message() end");
  assert_logged("bot.lua:2: this is not UTF-8");
}

static bool is_foreign(const char *source) {
  return loader_is_foreign(engine_main(world.in->engine), source);
}

static void test_only_files_of_the_scripts_own_folder_are_its_own(void **state) {
  char own[160], tree[160];
  load("function on_message() end");
  snprintf(own, sizeof own, "@%s/lib/a.lua", world.folder);
  snprintf(tree, sizeof tree, "@%s/lua_modules/share/lua/5.4/a.lua", world.folder);
  assert_false(is_foreign(own));
  assert_true(is_foreign(tree));
  assert_true(is_foreign("@/usr/share/lua/5.4/a.lua"));
  assert_false(is_foreign("=(load)"));
  assert_false(is_foreign("@[wemoon]/wechat/init.lua"));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, world_open, world_close)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_a_byte_order_mark_and_a_line_for_the_shell_are_skipped),
    TEST(test_a_module_is_found_beside_the_script),
    TEST(test_a_missing_module_is_told_with_every_place_that_was_searched),
    TEST(test_a_file_that_cannot_be_read_is_told_with_the_reason),
    TEST(test_modules_in_c_need_allow_shell),
    TEST(test_text_that_is_not_utf8_is_warned_of_with_its_line),
    TEST(test_only_files_of_the_scripts_own_folder_are_its_own),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
