// The list of libraries in `host`.
#define HOST_IS_GLOBAL
#include "host_world.h"

static char tables[400];

// Writes the names of the tables, each followed by a space.
static int open_and_list(lua_State *L) {
  host_open(L);
  tables[0] = '\0';
  lua_pushnil(L);
  while (lua_next(L, -2)) {
    assert_int_equal(lua_type(L, -1), LUA_TTABLE);
    lua_pop(L, 1);
    strcat(strcat(tables, lua_tostring(L, -1)), " ");
  }
  return 1;
}

static void test_every_library_is_a_table_by_its_name(void **state) {
  static const char *const names[] = { "api",     "args",         "callback", "capture", "codec",
                                       "config",  "conversation", "feed",     "file",    "http",
                                       "json",    "log",          "message",  "reply",   "route",
                                       "session", "store",        "stream",   "time" };
  world.options.open_host = open_and_list;
  load("function on_message() end");
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (!strstr(tables, names[i])) fail_msg("no %s in %s", names[i], tables);
  }
}

static void test_scripts_see_wechat_and_not_the_host_below_it(void **state) {
  world.options.open_host = host_open;
  assert_holds("is(type(wechat), 'table') is(rawget(_G, 'host'), nil)");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, world_open, world_close)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_every_library_is_a_table_by_its_name),
    TEST(test_scripts_see_wechat_and_not_the_host_below_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
