// engine/stdlib: the standard library for scripts, and the checks of globals.
#include "engine_world.h"

#include "engine/stdlib.h"

static bool is_foreign(lua_State *co, const char *source) {
  return strcmp(source, "=foreign") == 0;
}

static void test_what_would_end_or_change_the_process_is_gone(void **state) {
  assert_true_in_lua("os.exit == nil, os.setlocale == nil, os.execute == nil, io.popen == nil");
}

static void test_a_shell_is_there_where_it_is_allowed(void **state) {
  end(state);
  open_engine(&(EngineOptions){ .library = "lib", .allow_shell = true });
  assert_true_in_lua("os.execute ~= nil, io.popen ~= nil, os.exit == nil");
}

static void test_why_a_function_is_left_out(void **state) {
  Str execute = STR("attempt to call a nil value (field 'execute')");
  assert_string_equal(stdlib_why_nil(execute, STR("return os.execute('ls')")),
                      "os.execute needs allow_shell = true in the configuration");
  assert_string_equal(stdlib_why_nil(execute, STR("")),
                      "os.execute needs allow_shell = true in the configuration");
  assert_null(stdlib_why_nil(execute, STR("jobs.execute()")));
  assert_null(stdlib_why_nil(STR("no"), STR("os.execute() error('no')")));
  Str popen = STR("x:1: attempt to call a nil value (field 'popen')");
  assert_non_null(
      strstr(stdlib_why_nil(popen, STR("io.popen('ls')")), "io.popen needs allow_shell"));
}

static void test_time_is_the_processs_which_may_be_moved(void **state) {
  run_lua("return os.time()");
  lua_Integer before = lua_tointeger(L, -1);
  clock_advance(3600000000);
  run_lua("return os.time()");
  assert_in_range(lua_tointeger(L, -1) - before, 3600, 3605);
  run_lua("return os.date('%Y', 0), os.date('*t', os.time()).year == tonumber(os.date('%Y'))");
  assert_string_equal(lua_tostring(L, 1), "1970");
  assert_true(lua_toboolean(L, 2));
}

static void test_strict_globals_name_what_is_misspelt(void **state) {
  stdlib_strict(L, is_foreign);
  assert_raises("\nreturn mesage", "code:2: undefined global 'mesage'");
  assert_true_in_lua("rawget(_G, 'mesage') == nil");
  run_lua("known = 1");
  assert_true_in_lua("known == 1");
}

static void test_modules_from_elsewhere_ask_for_what_may_be_missing(void **state) {
  stdlib_strict(L, is_foreign);
  assert_int_equal(luaL_loadbuffer(L, "return missing", 14, "=foreign"), LUA_OK);
  assert_int_equal(lua_pcall(L, 0, 1, 0), LUA_OK);
  assert_true(lua_isnil(L, -1));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_what_would_end_or_change_the_process_is_gone),
    TEST(test_a_shell_is_there_where_it_is_allowed),
    TEST(test_why_a_function_is_left_out),
    TEST(test_time_is_the_processs_which_may_be_moved),
    TEST(test_strict_globals_name_what_is_misspelt),
    TEST(test_modules_from_elsewhere_ask_for_what_may_be_missing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
