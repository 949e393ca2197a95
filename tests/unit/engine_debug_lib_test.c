// engine/debug_lib: functions that inspect a script work, functions that reach into C code have no effect.
#include "engine_world.h"

static void test_it_tells_where_code_stands(void **state) {
  assert_true_in_lua(
      "debug.getinfo(1, 'S').short_src == 'code', debug.getinfo(1, 'l').currentline == 1, "
      "type(debug.traceback()) == 'string'");
}

static void test_no_hook_of_the_script_takes_the_guards_place(void **state) {
  assert_task_fails("debug.sethook() while true do end", "script_cpu_ms");
  assert_true_in_lua("debug.gethook() == nil");
}

static void test_the_registry_it_gives_is_not_luas(void **state) {
  lua_pushliteral(L, "secret");
  lua_setfield(L, LUA_REGISTRYINDEX, "secret");
  run_lua("local t = debug.getregistry() return t == nil or t.secret == nil");
  assert_true(lua_toboolean(L, 1));
}

static void test_locals_of_the_scripts_own_functions_are_seen(void **state) {
  assert_true_in_lua("(function() local here = 7 local name, value = debug.getlocal(1, 1) "
                     "return name == 'here' and value == 7 end)()");
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_it_tells_where_code_stands),
    TEST(test_no_hook_of_the_script_takes_the_guards_place),
    TEST(test_the_registry_it_gives_is_not_luas),
    TEST(test_locals_of_the_scripts_own_functions_are_seen),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
