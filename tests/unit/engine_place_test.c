// engine/place: places in the script, never in the user's own Lua files.
#include "engine_world.h"

#include "engine/place.h"

static char place[PLACE_SIZE];

static int l_place(lua_State *co) {
  place_innermost(co, place, sizeof place);
  return 0;
}

static int l_where(lua_State *co) {
  place_push(co, 1);
  return 1;
}

static int set_up(void **state) {
  open_engine(&(EngineOptions){ .library = "lib", .own_chunks = "[lib]/" });
  lua_register(L, "place", l_place);
  lua_register(L, "where", l_where);
  return 0;
}

static void run_chunk(const char *code, const char *chunk) {
  assert_int_equal(luaL_loadbuffer(L, code, strlen(code), chunk), LUA_OK);
  assert_int_equal(lua_pcall(L, 0, 1, 0), LUA_OK);
}

static void test_the_innermost_line_of_the_script_is_named(void **state) {
  run_chunk("local function f()\n  place()\nend\nf()", "=bot.lua");
  assert_string_equal(place, "bot.lua:2");
}

static void test_frames_of_the_users_own_files_are_passed_over(void **state) {
  run_chunk("function own() place() end", "=[lib]/init.lua");
  run_chunk("\n\nown()", "=bot.lua");
  assert_string_equal(place, "bot.lua:3");
}

static void test_outside_of_any_script_there_is_none(void **state) {
  place_innermost(L, place, sizeof place);
  assert_string_equal(place, "");
}

static void test_a_level_is_told_unless_it_is_the_users_own(void **state) {
  run_chunk("return (where())", "=bot.lua");
  assert_string_equal(lua_tostring(L, -1), "bot.lua:1: ");
  run_chunk("return (where())", "=[lib]/init.lua");
  assert_string_equal(lua_tostring(L, -1), "");
}

static void test_own_files_are_told_by_how_their_names_begin(void **state) {
  assert_true(place_is_own(L, "[lib]/x.lua:1"));
  assert_false(place_is_own(L, "lib/x.lua:1"));
}

#undef TEST
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, end)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_the_innermost_line_of_the_script_is_named),
    TEST(test_frames_of_the_users_own_files_are_passed_over),
    TEST(test_outside_of_any_script_there_is_none),
    TEST(test_a_level_is_told_unless_it_is_the_users_own),
    TEST(test_own_files_are_told_by_how_their_names_begin),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
