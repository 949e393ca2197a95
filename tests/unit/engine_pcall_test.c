// engine/pcall: pcall and xpcall behave like Lua's own, except that they do not catch the forced end of a task.
#include "engine_world.h"

static int set_up(void **state) {
  begin(state);
  lua_register(L, "sleep", l_sleep);
  return 0;
}

static void test_they_give_what_lua_s_own_give(void **state) {
  run_lua("local function all(...) return table.concat({ select('#', ...), tostring((...)), "
          "tostring((select(2, ...))) }, ' ') end\n"
          "return all(pcall(print)) == '1 true nil',\n"
          "  all(pcall(function(...) return ... end, 1, nil, 3)) == '4 true 1',\n"
          "  all(pcall(error, 'x', 0)) == '2 false x', all(pcall(error)) == '2 false nil',\n"
          "  all(pcall(5)) == '2 false attempt to call a number value',\n"
          "  all(xpcall(function(...) return ... end, print, 1, 2)) == '3 true 1',\n"
          "  all(xpcall(error, function(e) return e .. '!' end, 'x', 0)) == '2 false x!'");
  for (int i = 1; i <= 7; i++) {
    if (!lua_toboolean(L, i)) fail_msg("the %d. differs", i);
  }
}

static void test_misuse_has_lua_s_own_words(void **state) {
  assert_raises("pcall()", "bad argument #1 to 'pcall' (value expected)");
  assert_raises("xpcall(print)", "bad argument #2 to 'xpcall' (function expected, got no value)");
}

static void test_a_wait_passes_through_them(void **state) {
  assert_task_gives(
      "local _, a = pcall(function() sleep(1) return 'a' end)\n"
      "local _, b = xpcall(function() sleep(1) error('b', 0) end, function(e) return e end)\n"
      "return a .. b",
      "ab");
}

static void test_what_is_being_ended_passes_them(void **state) {
  static const char *const held[] = { "pcall(%s) went_on = true",
                                      "xpcall(%s, print) went_on = true",
                                      "pcall(pcall, xpcall, %s, print) went_on = true" };
  for (size_t i = 0; i < sizeof held / sizeof *held; i++) {
    char code[200];
    snprintf(code, sizeof code, held[i], "function() while true do end end");
    assert_task_fails(code, "script_cpu_ms");
    assert_true_in_lua("rawget(_G, 'went_on') == nil");
  }
}

#undef TEST
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, end)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_they_give_what_lua_s_own_give),
    TEST(test_misuse_has_lua_s_own_words),
    TEST(test_a_wait_passes_through_them),
    TEST(test_what_is_being_ended_passes_them),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
