// engine/lua_helpers: strings between C and Lua, and errors with a place.
#include "engine_world.h"

#include "engine/lua_helpers.h"

static int l_raise(lua_State *co) { raise(co, "bad %s of %d", "luck", 3); }

static int l_length(lua_State *co) {
  lua_pushinteger(co, (lua_Integer)lua_str(co, 1).len);
  return 1;
}

static void test_a_string_keeps_its_zero_bytes(void **state) {
  push_str(L, STR("a\0b"));
  assert_int_equal(lua_rawlen(L, -1), 3);
  Str back = lua_str(L, -1);
  assert_true(str_eq(back, STR("a\0b")));
}

static void test_no_string_is_an_empty_one(void **state) {
  push_str(L, (Str){ 0 });
  assert_string_equal(lua_tostring(L, -1), "");
}

static void test_small_letters_are_made_of_ascii_alone(void **state) {
  push_lower(L, STR("SUBSCRIBE \xC3\x84 z"));
  assert_string_equal(lua_tostring(L, -1), "subscribe \xC3\x84 z");
}

static void test_a_field_is_set(void **state) {
  lua_newtable(L);
  set_str(L, "name", STR("value"));
  lua_getfield(L, -1, "name");
  assert_string_equal(lua_tostring(L, -1), "value");
}

static void test_what_is_raised_names_the_callers_line(void **state) {
  lua_register(L, "fail", l_raise);
  assert_raises("\nfail()", "code:2: bad luck of 3");
}

static void test_what_is_no_string_is_refused_by_its_number(void **state) {
  lua_register(L, "length", l_length);
  assert_raises("length({})", "bad argument #1 to 'length' (string expected, got table)");
  assert_true_in_lua("length('abc') == 3");
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_a_string_keeps_its_zero_bytes),
    TEST(test_no_string_is_an_empty_one),
    TEST(test_small_letters_are_made_of_ascii_alone),
    TEST(test_a_field_is_set),
    TEST(test_what_is_raised_names_the_callers_line),
    TEST(test_what_is_no_string_is_refused_by_its_number),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
