// engine/table_lib: Lua's table functions, which can be stopped.
#include "engine_world.h"

static void test_they_give_what_luas_give(void **state) {
  run_lua("local t = { 3, 1, 2 }\n"
          "table.insert(t, 4) table.insert(t, 1, 0) table.sort(t)\n"
          "local last = table.remove(t)\n"
          "return table.concat(t, ','), last, select('#', table.unpack({ 1, nil, 3 }, 1, 3)),\n"
          "  table.concat(table.move({ 1, 2, 3 }, 2, 3, 1), '-')");
  assert_string_equal(lua_tostring(L, 1), "0,1,2,3");
  assert_int_equal(lua_tointeger(L, 2), 4);
  assert_int_equal(lua_tointeger(L, 3), 3);
  assert_string_equal(lua_tostring(L, 4), "2-3-3");
}

static void test_a_comparator_sorts(void **state) {
  run_lua("local t = { 'b', 'a', 'c' } table.sort(t, function(x, y) return x > y end) return "
          "table.concat(t)");
  assert_string_equal(lua_tostring(L, 1), "cba");
}

static void test_misuse_raises_as_luas(void **state) {
  assert_raises("table.concat({ {} })", "invalid value (table) at index 1");
  assert_raises("table.insert({}, 5, 1)", "position out of bounds");
}

static void test_huge_counts_are_stopped(void **state) {
  assert_task_fails("local t = setmetatable({}, { __len = function() return 1 << 40 end, __index = "
                    "function() return '' "
                    "end })\ntable.concat(t)",
                    "script_cpu_ms");
  assert_task_fails("table.move({}, 1, 1 << 40, 2)", "script_cpu_ms");
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_they_give_what_luas_give),
    TEST(test_a_comparator_sorts),
    TEST(test_misuse_raises_as_luas),
    TEST(test_huge_counts_are_stopped),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
