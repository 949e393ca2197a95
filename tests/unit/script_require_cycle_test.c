// Modules that require each other while they load.
#include "script_world.h"

#define AGAIN "; one of them must require the other in a function, where it is used"

// What is raised, with "./" in place of the script's folder.
static void assert_raises(const char *code, const char *expected) {
  char wanted[512], *out = wanted;
  assert_false(try_load(code));
  for (const char *c = expected; *c; c++) {
    bool is_folder = c[0] == '.' && c[1] == '/';
    out += snprintf(out, (size_t)(wanted + sizeof wanted - out), is_folder ? "%s" : "%.1s",
                    is_folder ? world.folder : c);
    if (is_folder) c++, out += snprintf(out, (size_t)(wanted + sizeof wanted - out), "/");
  }
  if (!strstr(world.err.text, wanted)) fail_msg("%s\nis not\n%s", world.err.text, wanted);
}

static void test_the_cycle_is_told_with_the_lines_of_its_requires(void **state) {
  write_file("a.lua", "\nlocal b = require 'b'");
  write_file("b.lua", "\n\nlocal a = require 'a'");
  assert_raises("require 'a'", "./b.lua:3: require goes in a cycle: ./a.lua:2 -> ./b.lua:3 -> "
                               "./a.lua" AGAIN);
}

static void test_a_module_that_requires_itself_is_a_cycle(void **state) {
  write_file("a.lua", "require 'a'");
  assert_raises("require 'a'", "./a.lua:1: require goes in a cycle: ./a.lua:1 -> ./a.lua" AGAIN);
}

static void test_what_only_leads_into_the_cycle_is_left_out(void **state) {
  write_file("way.lua", "require 'a'");
  write_file("a.lua", "require 'b'");
  write_file("b.lua", "require 'c'");
  write_file("c.lua", "require 'b'");
  assert_raises("require 'way'", "cycle: ./b.lua:1 -> ./c.lua:1 -> ./b.lua" AGAIN);
}

static void test_the_script_may_be_part_of_it(void **state) {
  write_file("a.lua", "require 'bot'");
  assert_raises("require 'a'", "cycle: ./a.lua:1 -> ./bot.lua:1 -> ./a.lua" AGAIN);
}

// A helper's frame stands between, or is all that is left of the module: the place is the module's all the same.
static void test_a_helper_that_requires_is_no_part_of_it(void **state) {
  write_file("get.lua", "return function(name)\n  local got = require(name)\n  return got\nend");
  write_file("a.lua", "\nlocal b = require 'get' 'b'");
  write_file("b.lua", "return require 'get' 'a'");
  assert_raises("require 'a'", "./get.lua:2: require goes in a cycle: ./a.lua:2 -> b -> ./a.lua");
}

static void test_modules_that_are_no_files_are_told_by_their_names(void **state) {
  write_file("a.lua", "require 'made'");
  assert_raises("package.preload.made = function() return (require 'a') end require 'a'",
                "cycle: ./a.lua:1 -> made -> ./a.lua" AGAIN);
}

static void test_after_it_was_raised_modules_load_as_before(void **state) {
  write_file("a.lua", "local ok, why = pcall(require, 'b') return why");
  write_file("b.lua", "require 'a'");
  write_file("c.lua", "return 'c'");
  load("local why = require 'a'\n"
       "local again = select(2, pcall(require, 'b'))\n"
       "function on_message() return why:match('cycle') .. tostring(again) .. require 'c' end");
  assert_answer("x", TASK_RETURNED, "cycletruec");
}

static void test_modules_that_require_each_other_in_functions_are_no_cycle(void **state) {
  write_file("a.lua", "local b = require 'b' return { text = 'a', get = b.get }");
  write_file("b.lua", "return { get = function() return require 'a'.text end }");
  load("local a = require 'a' function on_message() return a.get() end");
  assert_answer("x", TASK_RETURNED, "a");
}

static void test_a_module_that_gives_itself_before_it_requires_is_no_cycle(void **state) {
  write_file("a.lua", "local a = { text = 'a' } package.loaded[...] = a\n"
                      "a.b = require 'b' return a");
  write_file("b.lua", "return require 'a'.text .. 'b'");
  load("local a = require 'a' function on_message() return a.b end");
  assert_answer("x", TASK_RETURNED, "ab");
}

static void test_a_searcher_that_the_script_calls_searches(void **state) {
  write_file("a.lua",
             "return type((package.searchers[2]('a'))) .. type((package.searchers[1]('a')))");
  load("local what = require 'a' function on_message() return what end");
  assert_answer("x", TASK_RETURNED, "functionnil");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, world_open, world_close)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_the_cycle_is_told_with_the_lines_of_its_requires),
    TEST(test_a_module_that_requires_itself_is_a_cycle),
    TEST(test_what_only_leads_into_the_cycle_is_left_out),
    TEST(test_the_script_may_be_part_of_it),
    TEST(test_a_helper_that_requires_is_no_part_of_it),
    TEST(test_modules_that_are_no_files_are_told_by_their_names),
    TEST(test_after_it_was_raised_modules_load_as_before),
    TEST(test_modules_that_require_each_other_in_functions_are_no_cycle),
    TEST(test_a_module_that_gives_itself_before_it_requires_is_no_cycle),
    TEST(test_a_searcher_that_the_script_calls_searches),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
