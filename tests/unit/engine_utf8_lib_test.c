// engine/utf8_lib: Lua's utf8 functions, which can be stopped.
#include "engine_world.h"

static void test_they_give_what_luas_give(void **state) {
  assert_true_in_lua("utf8.len('\xE6\x9C\x88 a') == 3, utf8.offset('\xE6\x9C\x88"
                     "a', 2) == 4, "
                     "utf8.offset('abc', -1) == 3, utf8.char(0x6708) == '\xE6\x9C\x88'");
}

static void test_what_is_no_utf8_is_told_by_its_place(void **state) {
  run_lua("return utf8.len('ab\\xFF')");
  assert_true(lua_isnil(L, 1));
  assert_int_equal(lua_tointeger(L, 2), 3);
}

static void test_misuse_raises(void **state) {
  assert_raises("utf8.offset('\xE6\x9C\x88', 1, 2)", "initial position is a continuation byte");
}

static void test_many_long_counts_are_stopped(void **state) {
  assert_task_fails("local s = ('a'):rep(1 << 20) while true do utf8.len(s) end", "script_cpu_ms");
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_they_give_what_luas_give),
    TEST(test_what_is_no_utf8_is_told_by_its_place),
    TEST(test_misuse_raises),
    TEST(test_many_long_counts_are_stopped),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
