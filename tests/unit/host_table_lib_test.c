// table.concat, insert, move, remove, sort and unpack: the same results as Lua's own functions, and
// the script's CPU limit ends them.
#include "host_world.h"

static void test_insert_and_remove_shift_the_rest(void **state) {
  assert_holds("local t = { 1, 2, 3 }\n"
               "table.insert(t, 4) table.insert(t, 1, 0) table.insert(t, 6, 5)\n"
               "is(all(table.unpack(t)), '0 1 2 3 4 5')\n"
               "is(table.remove(t), 5) is(table.remove(t, 1), 0) is(table.remove(t, 2), 2)\n"
               "is(all(table.unpack(t)), '1 3 4')\n"
               "is(table.remove({}), nil) is(table.remove({ [0] = 'x' }), 'x')\n"
               "is(table.remove({ 1 }, 2), nil)\n"
               "is(select('#', table.insert(t, 1)), 0)\n");
}

static void test_move_goes_either_way_and_to_other_tables(void **state) {
  assert_holds("is(all(table.unpack(table.move({ 1, 2, 3 }, 1, 3, 2))), '1 1 2 3')\n"
               "is(all(table.unpack(table.move({ 1, 2, 3 }, 2, 3, 1))), '2 3 3')\n"
               "is(all(table.unpack(table.move({ 1, 2, 3 }, 1, 3, 3, { 8, 9 }))), '8 9 1 2 3')\n"
               "is(#table.move({ 1, 2 }, 2, 1, 1, {}), 0)\n"
               "local t = table.move({ [-2] = 'a', [-1] = 'b' }, -2, -1, math.maxinteger - 1)\n"
               "is(t[math.maxinteger - 1] .. t[math.maxinteger], 'ab')\n");
}

static void test_concat_and_unpack_take_ranges(void **state) {
  assert_holds("is(table.concat({ 1, 'a', 2.5 }), '1a2.5')\n"
               "is(table.concat({ 1, 2, 3 }, ', '), '1, 2, 3')\n"
               "is(table.concat({ 1, 2, 3 }, '-', 2), '2-3')\n"
               "is(table.concat({ 1, 2, 3 }, '-', 2, 2), '2')\n"
               "is(table.concat({ 1, 2, 3 }, '-', 3, 2), '')\n"
               "is(table.concat({ [math.maxinteger] = 'x' }, '-', math.maxinteger,"
               " math.maxinteger), 'x')\n"
               "is(all(table.unpack({ 1, 2, 3 }, 2)), '2 3')\n"
               "is(select('#', table.unpack({}, 1, 3)), 3)\n"
               "is(select('#', table.unpack({}, 3, 1)), 0)\n"
               "is(select('#', table.unpack({}, 1, 200000)), 200000)\n");
}

static void test_metamethods_are_asked(void **state) {
  assert_holds("local log, kept = {}, { 'a', 'b' }\n"
               "local t = setmetatable({}, {\n"
               "  __index = function(_, k) log[#log + 1] = 'get' .. k return kept[k] end,\n"
               "  __newindex = function(_, k, v) log[#log + 1] = 'set' .. k kept[k] = v end,\n"
               "  __len = function() return #kept end,\n"
               "})\n"
               "table.insert(t, 1, 'x')\n"
               "is(table.concat(log, ' '), 'get2 set3 get1 set2 set1')\n"
               "is(table.concat(kept), 'xab')\n"
               "is(table.concat(t, '-'), 'x-a-b')\n"
               "is(table.remove(t, 1), 'x') is(table.concat(kept), 'ab')\n"
               "table.sort(t, function(a, b) return a > b end) is(table.concat(kept), 'ba')\n"
               "is(all(table.unpack(t)), 'b a')\n"
               "is(table.concat(table.move(t, 1, 2, 1, {})), 'ba')\n");
}

static void test_sort_puts_everything_in_order(void **state) {
  assert_holds("local function check(n, order, make)\n"
               "  local t, count = {}, {}\n"
               "  for i = 1, n do t[i] = make(i) count[t[i]] = (count[t[i]] or 0) + 1 end\n"
               "  table.sort(t, order)\n"
               "  order = order or function(a, b) return a < b end\n"
               "  for i = 1, n do\n"
               "    if i > 1 then is(order(t[i], t[i - 1]), false) end\n"
               "    count[t[i]] = count[t[i]] - 1\n"
               "  end\n"
               "  for _, left in pairs(count) do is(left, 0) end\n"
               "end\n"
               "local x = 7\n"
               "local function random() x = x * 48271 % 2147483647 return x end\n"
               "for n = 0, 40 do check(n, nil, random) end\n"
               "check(2000, nil, random)\n"
               "check(2000, function(a, b) return a > b end, random)\n"
               "check(2000, nil, function(i) return i end)\n"
               "check(2000, nil, function(i) return -i end)\n"
               "check(2000, nil, function(i) return i % 3 end)\n"
               "check(2000, nil, function(i) return i % 2 == 0 and i or 4000 - i end)\n"
               "check(500, nil, function(i) return 'k' .. i end)\n");
}

static void test_faults_have_lua_s_own_words(void **state) {
  assert_holds("fails(\"bad argument #1 to 'insert' (table expected, got nil)\","
               " function() table.insert(nil, 1) end)\n"
               "fails(\"bad argument #1 to 'concat' (table expected, got string)\","
               " function() table.concat('x') end)\n"
               "fails(\"wrong number of arguments to 'insert'\", table.insert, {}, 1, 2, 3)\n"
               "fails(\"wrong number of arguments to 'insert'\", table.insert, {})\n"
               "fails('position out of bounds', table.insert, { 1, 2 }, 4, 0)\n"
               "fails('position out of bounds', table.insert, { 1, 2 }, 0, 0)\n"
               "fails('position out of bounds', table.remove, { 1, 2 }, 4)\n"
               "fails('position out of bounds', table.remove, { 1, 2 }, -1)\n"
               "fails('too many elements to move', table.move, {}, 0, math.maxinteger, 1)\n"
               "fails('destination wrap around', table.move, {}, 1, 3, math.maxinteger)\n"
               "fails(\"invalid value (nil) at index 2 in table for 'concat'\", table.concat,"
               " { 1, nil, 3 }, '', 1, 3)\n"
               "fails(\"invalid value (table) at index 1 in table for 'concat'\", table.concat,"
               " { {} })\n"
               "fails('too many results to unpack', table.unpack, {}, 1, 1e8)\n"
               "fails('too many results to unpack', table.unpack, {}, math.mininteger,"
               " math.maxinteger)\n"
               "fails('array too big', table.sort, setmetatable({}, { __len = function() return"
               " math.maxinteger end }))\n"
               "fails(\"bad argument #2 to 'sort' (function expected, got number)\","
               " function() table.sort({ 1, 2 }, 5) end)\n"
               "fails('invalid order function for sorting', table.sort, { 1, 2, 3, 4, 5 },"
               " function() return true end)\n"
               "fails('attempt to compare nil with number', table.sort, { 1, 2, nil, 3 })\n"
               "fails('attempt to compare two table values', table.sort, { {}, {} })\n"
               "fails('object length is not an integer', table.insert, setmetatable({},"
               " { __len = function() return 'x' end }), 1)\n");
}

static void test_an_order_that_waits_is_told_where(void **state) {
  load("function on_message(msg)\n  table.sort({ 2, 1 }, function() wechat.sleep(0) end)\nend");
  assert_answer("go", TASK_FAILED, "");
  assert_logged("bot.lua:2: wechat.sleep cannot wait inside table.sort");
}

static void test_huge_counts_are_stopped(void **state) {
  assert_over_cpu("table.move(setmetatable({}, { __index = tostring }), 1, 1 << 60, 1, "
                  "setmetatable({}, { __newindex = type }))");
  assert_over_cpu("table.move({}, 1, 1 << 60, 2)");
  assert_over_cpu(
      "table.insert(setmetatable({}, { __len = function() return 1 << 60 end }), 1, 0)");
  assert_over_cpu("table.remove(setmetatable({}, { __len = function() return 1 << 60 end }), 1)");
  assert_over_cpu("string.rep('', 1 << 40)\n"
                  "table.concat(setmetatable({}, { __index = string.sub,"
                  " __len = function() return 1 << 60 end }) and setmetatable({}, { __index ="
                  " setmetatable({}, { __index = function() return '' end }) }), '', 1, 1 << 60)");
  assert_over_cpu("while true do table.unpack({}, 1, 900000) end");
}

static void test_a_long_sort_is_stopped(void **state) {
  world.options.memory_max = 0;
  assert_over_cpu("local t = {} for i = 1, 3e5 do t[i] = i * 7919 % 300007 end "
                  "while true do pcall(table.sort, t, rawequal) pcall(table.sort, t) "
                  "for i = 1, 3e5 do t[i] = -t[i] end end");
  // One call, which takes a second: it does not come to its end.
  assert_over_cpu("local t = {} for i = 1, 3e6 do t[i] = i * 7919 % 3000017 end "
                  "table.sort(t) error('sorted')");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_open, world_close)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_insert_and_remove_shift_the_rest),
    TEST(test_move_goes_either_way_and_to_other_tables),
    TEST(test_concat_and_unpack_take_ranges),
    TEST(test_metamethods_are_asked),
    TEST(test_sort_puts_everything_in_order),
    TEST(test_faults_have_lua_s_own_words),
    TEST(test_an_order_that_waits_is_told_where),
    TEST(test_huge_counts_are_stopped),
    TEST(test_a_long_sort_is_stopped),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
