// engine/pairs_lib: pairs visits a table's keys in a fixed order.
#include "door_world.h"

static void test_pairs_has_one_order(void **state) {
  const char *code = "local t, seen = {}, {}\n"
                     "for i = 1, 200 do t['key' .. i * 7919 % 1000] = i end\n"
                     "t[1], t[2], t[true], t[2.5] = 1, 1, 1, 1\n"
                     "for k in pairs(t) do seen[#seen + 1] = tostring(k) end\n"
                     "return #seen .. ' ' .. table.concat(seen, ' '):sub(1, 60)";
  run_new_record(code);
  assert_result("204 1 2 2.5 true key109 key112 key115 key118 key12 key121 key124");
}

static void test_pairs_lets_a_traversal_change_fields(void **state) {
  run_new_record("local t, n = { a = 1, b = 2, c = 3 }, 0\n"
                 "for k, v in pairs(t) do n = n + v t[k] = nil if k == 'a' then t.b = nil end end\n"
                 "return n .. tostring(next(t))");
  assert_result("4nil");
  run_new_record("local f = pairs({ a = 1, b = 2 }) return tostring(pcall(f, 5))");
  assert_result("false");
  run_new_record(
      "local n = 0 for k, v in pairs(setmetatable({}, { __pairs = function() return "
      "function(_, k) if not k then return 1, 2 end end end })) do n = n + v end return n");
  assert_result("2");
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_pairs_has_one_order),
    TEST(test_pairs_lets_a_traversal_change_fields),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
