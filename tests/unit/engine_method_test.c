// engine/method: arguments are checked; errors have the caller's line.
#include "engine_world.h"

#include "engine/lua_helpers.h"
#include "engine/method.h"

static int set_up(void **state) {
  begin(state);
  luaL_requiref(L, "m", method_open, 1);
  run_lua("f = m.method('lib.f', { { 'name', 'string' }, { 'count', 'integer?' }, { 'way', "
          "'table|function?' } },\n"
          "  function(name, count, way) return name .. tostring(count) .. type(way) end)");
  return 0;
}

static void test_what_fits_reaches_the_body(void **state) {
  assert_true_in_lua("f('a') == 'anilnil', f('a', 2) == 'a2nil', f('a', nil, {}) == 'aniltable', "
                     "f('a', 1, print) == 'a1function'");
}

static void test_what_does_not_is_named_with_the_callers_line(void **state) {
  assert_raises("\nf(7)", "code:2: lib.f: name");
  assert_raises("f()", "lib.f: name");
  assert_raises("f('a', 1.5)", "lib.f: count");
  assert_raises("f('a', 1, true)", "table or function");
}

static void test_the_call_as_it_should_be_stands_behind_the_fault(void **state) {
  assert_raises("f(7)", "lib.f: name is a number (string expected): the call is "
                        "lib.f(name, [count], [way])");
  assert_raises("f()", "lib.f: name is missing (string): the call is lib.f(name, [count], [way])");
  assert_raises("f{ 'a' }",
                "lib.f: the table of named arguments, {name = ...}, has a key that is a "
                "number (1); name is missing (string): the call is lib.f(name, ");
  assert_raises(
      "f{ nmae = 'a' }",
      "lib.f: there is no argument named 'nmae': the call is lib.f(name, [count], [way])");
}

static void test_options_may_stand_beside_the_named_arguments(void **state) {
  run_lua(
      "h = m.method('lib.h', { { 'name', 'string' }, { 'options', 'table?', beside = true } },\n"
      "  function(name, options) return name .. tostring(options and options.size) end)");
  assert_true_in_lua(
      "h('a') == 'anil', h('a', { size = 1 }) == 'a1', h{ name = 'a' } == 'anil', "
      "h{ name = 'a', size = 2 } == 'a2', h{ name = 'a', options = { size = 3 } } == 'a3'");
  assert_raises("h{ name = 'a', options = {}, size = 1 }", "there is no argument named 'size'");
  assert_raises("h{ size = 1 }", "lib.h: name is missing");
  assert_raises("f{ name = 'a', size = 1 }", "there is no argument named 'size'");
}

static void test_the_line_is_known_in_tail_position_too(void **state) {
  assert_raises("local function g()\n  return f(7)\nend\ng()", "code:2: lib.f");
}

static void test_a_body_says_what_is_wrong_itself(void **state) {
  run_lua("g = m.method('lib.g', nil, function() m.fail('lib.g: wrong') end)");
  assert_raises("\n\ng()", "code:3: lib.g: wrong");
}

static void test_a_coroutine_can_yield_across_it(void **state) {
  lua_getglobal(L, "f");
  assert_true(passes_yields(L, -1));
  lua_getglobal(L, "print");
  assert_false(passes_yields(L, -1));
}

static void test_an_unknown_type_is_the_authors_mistake(void **state) {
  assert_raises("m.method('lib.h', { { 'x', 'number|colour' } }, print)",
                "unknown type of a parameter: colour");
}

#undef TEST
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, end)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_what_fits_reaches_the_body),
    TEST(test_what_does_not_is_named_with_the_callers_line),
    TEST(test_the_call_as_it_should_be_stands_behind_the_fault),
    TEST(test_options_may_stand_beside_the_named_arguments),
    TEST(test_the_line_is_known_in_tail_position_too),
    TEST(test_a_body_says_what_is_wrong_itself),
    TEST(test_a_coroutine_can_yield_across_it),
    TEST(test_an_unknown_type_is_the_authors_mistake),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
