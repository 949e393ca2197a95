// What is meant by Lua that another language would take.
#include "script_world.h"

#include "script/syntax_hint.h"

static void assert_hints(const char *code, const char *hint) {
  assert_false(try_load(code));
  if (!strstr(world.err.text, hint)) fail_msg("%s: '%s' without '%s'", code, world.err.text, hint);
}

// Through Lua's own parser: its messages differ from one version to the next.
static void test_what_other_languages_write_is_told_in_lua(void **state) {
  assert_hints("if a = 1 then end", "'then' expected near '='; write == to compare");
  assert_hints("while a = 1 do end", "; write == to compare");
  assert_hints("if a => 1 then end", ">= or <= for => and =<");
  assert_hints("while a =< 1 do end", ">= or <= for => and =<");
  assert_hints("f(a = 1)", "; named arguments stand in braces");
  assert_hints("function f(a = 1) end", "a parameter has no default: write a = a or 1");
  assert_hints("if a != 1 then end", "; write ~= for !=");
  assert_hints("if !a then end", "; write ~= for !=");
  assert_hints("local n = 0 n += 1", "; write n = n + 1");
  assert_hints("local n = 0 n++", "; write n = n + 1");
  assert_hints("local n = 0 n -= 1", "; write n = n - 1");
  assert_hints("if a && b then end", "; write and for &&");
  assert_hints("if a || b then end", "; write or for ||");
  assert_hints("if a == 1 { b() }", "; write then, do or nothing for {");
  assert_hints("function f() { b() }", "; write then, do or nothing for {");
  assert_hints("f() // b", "; comments begin with --");
  assert_hints("f()\n# b", "; comments begin with --");
  assert_hints("/* b */", "; comments begin with --");
  assert_hints("local a = [1, 2]", "; lists are written { 1, 2 }");
  assert_hints("local menu { 1 }", "; or an = is missing before it");
  assert_hints("local t ['a'] = 1", "; or an = is missing before it");
  assert_hints("return a:b", "; a field is read with a dot");
  assert_hints("return “a”", "; outside of texts Lua takes ASCII alone");
  assert_hints("f(a，b)", "; outside of texts Lua takes ASCII alone");
}

static void test_so_in_a_module(void **state) {
  write_file("one.lua", "if a = 1 then end");
  assert_hints("require 'one'", "one.lua:1: 'then' expected near '='; write == to compare");
}

static void test_other_messages_have_no_hint(void **state) {
  assert_null(syntax_hint("bot.lua:1: 'end' expected (to close 'if' at line 1) near <eof>"));
  assert_null(syntax_hint("bot.lua:1: syntax error near 'x'"));
  assert_null(syntax_hint("C stack overflow"));
  assert_null(syntax_hint(""));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, world_open, world_close)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_what_other_languages_write_is_told_in_lua),
    TEST(test_so_in_a_module),
    cmocka_unit_test(test_other_messages_have_no_hint),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
