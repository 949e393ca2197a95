// string.find, match, gmatch, gsub and rep: their results, where they can wait, and that a script's CPU
// limit ends them. fuzz/engine_pattern_fuzz.c compares their matches with those of Lua's own functions.
#include "host_world.h"

static void test_find_and_match_give_places_and_captures(void **state) {
  assert_holds("is(all(('hello world'):find('o w')), '5 7')\n"
               "is(all(('hello world'):find('l+')), '3 4')\n"
               "is(all(('hello world'):find('(l)(l)')), '3 4 l l')\n"
               "is(all(('hello'):find('()ll()')), '3 4 3 5')\n"
               "is(all(('a.b'):find('.', 1, true)), '2 2')\n"
               "is(all(('a+b'):find('+', 1, true)), '2 2')\n"
               "is(all(('hello'):find('l', -2)), '4 4')\n"
               "is(all(('hello'):find('', 6)), '6 5')\n"
               "is(('hello'):find('', 7), nil)\n"
               "is(('hello'):find('xyz'), nil)\n"
               "is(all(('key = value'):match('^(%w+)%s*=%s*(%w+)$')), 'key value')\n"
               "is(('  trim  '):match('^%s*(.-)%s*$'), 'trim')\n"
               "is(('f(a(b)c)d'):match('%b()'), '(a(b)c)')\n"
               "is(('THE (quick) fox'):match('%f[%a]%l+'), 'quick')\n"
               "is(('x = \"it\\'s\"'):match('([\"\\'])(.-)%1'), '\"')\n"
               "is(all(string.find(12345, 34)), '3 4')\n");
}

static void test_gmatch_gives_every_match_once(void **state) {
  assert_holds(
      "local list = {}\n"
      "for k, v in ('a=1, b=2, c='):gmatch('(%w+)=(%w*)') do list[#list + 1] = k .. v end\n"
      "is(table.concat(list, ' '), 'a1 b2 c')\n"
      "list = {}\n"
      "for w in ('abc'):gmatch('%a*') do list[#list + 1] = '<' .. w .. '>' end\n"
      "is(table.concat(list), '<abc>')\n"
      "list = {}\n"
      "for p in ('abc'):gmatch('()') do list[#list + 1] = p end\n"
      "is(table.concat(list, ' '), '1 2 3 4')\n"
      "list = {}\n"
      "for w in ('one two three'):gmatch('%a+', -5) do list[#list + 1] = w end\n"
      "is(table.concat(list, ' '), 'three')\n"
      "is(('abc'):gmatch('.', 9)(), nil)\n"
      "is(('^a'):gmatch('^a')(), '^a')\n");
}

static void test_gsub_takes_strings_tables_and_functions(void **state) {
  assert_holds("is(all(('hello world'):gsub('o', '0')), 'hell0 w0rld 2')\n"
               "is(all(('hello world'):gsub('o', '0', 1)), 'hell0 world 1')\n"
               "is(all(('hello'):gsub('', '-')), '-h-e-l-l-o- 6')\n"
               "is(all(('a b'):gsub('(%w) (%w)', '%2 %1 %0 %%')), 'b a a b % 1')\n"
               "is(all(('abc'):gsub('()', '%1')), '1a2b3c4 4')\n"
               "is(all(('$x $y'):gsub('%$(%w)', { x = 1, y = false })), '1 $y 2')\n"
               "is(all(('abc'):gsub('%w', function(c) if c ~= 'b' then return c:upper() end end)),"
               " 'AbC 3')\n"
               "is(all(('abc'):gsub('^%w', 'x')), 'xbc 1')\n"
               "is(all(('abc'):gsub('%w', setmetatable({}, { __index = function(_, k) return k .. k"
               " end }))), 'aabbcc 3')\n"
               "is(('x'):rep(100000):gsub('x', 'yy'), ('y'):rep(200000))\n");
}

static void test_gsub_calls_itself(void **state) {
  assert_holds("local function deep(s, n)\n"
               "  if n == 0 then return s end\n"
               "  return (s:gsub('%w', function(c) return '(' .. deep(c, n - 1) .. ')' end))\n"
               "end\n"
               "is(deep('ab', 3), '(((a)))(((b)))')\n"
               "pcall(string.gsub, 'abc', '.', error)\n"
               "is(deep('ab', 2), '((a))((b))')\n");
}

static void test_faults_have_lua_s_own_words(void **state) {
  assert_holds("fails(\"bad argument #1 to 'find' (string expected, got no value)\", function() "
               "find() end)\n"
               "fails(\"bad argument #2 to 'match' (string expected, got nil)\", function()"
               " match('a', nil) end)\n"
               "fails(\"bad argument #2 to 'find' (number expected, got table)\", function()"
               " ('a'):find('a', {}) end)\n"
               "fails(\"bad argument #3 to 'gsub' (string/function/table expected, got nil)\","
               " function() gsub('a', 'a', nil) end)\n"
               "fails(\"bad argument #2 to 'rep' (number expected, got no value)\", function()"
               " rep('a') end)\n"
               "fails(\"bad argument #1 to 'string.find' (string expected, got no value)\", find)\n"
               "fails(\"malformed pattern (ends with '%')\", string.find, 'a', '%')\n"
               "fails(\"malformed pattern (missing ']')\", string.find, 'a', '[a')\n"
               "fails(\"malformed pattern (missing arguments to '%b')\", string.find, 'a', '%bx')\n"
               "fails(\"missing '[' after '%f' in pattern\", string.find, 'a', '%fa')\n"
               "fails('invalid pattern capture', match, 'a', 'a)')\n"
               "fails('invalid capture index %1', string.find, 'a', '%1')\n"
               "fails('unfinished capture', string.find, 'a', '(a')\n"
               "fails('pattern too complex', string.find, ('a'):rep(300), ('a?'):rep(300))\n"
               "fails('too many captures', string.find, 'a', ('()'):rep(33))\n"
               "fails(\"invalid use of '%' in replacement string\", string.gsub, 'a', 'a', '%x')\n"
               "fails('invalid capture index %2', string.gsub, 'a', 'a', '%2')\n"
               "fails('invalid replacement value (a table)', string.gsub, 'a', 'a',"
               " function() return {} end)\n"
               "fails('resulting string too large', string.rep, 'x', 1 << 40)\n"
               "fails('resulting string too large', string.rep, 'x', -1 >> 1, ',')\n");
}

static void test_a_fault_names_the_line_that_called(void **state) {
  load("function on_message(msg)\n  return msg.content:find('[a')\nend");
  assert_answer("go", TASK_FAILED, "");
  assert_logged("bot.lua:2: malformed pattern (missing ']')");
}

static void test_rep_repeats(void **state) {
  assert_holds("is(('ab'):rep(3), 'ababab')\n"
               "is(('ab'):rep(3, ', '), 'ab, ab, ab')\n"
               "is(('ab'):rep(1, ', '), 'ab')\n"
               "is(('ab'):rep(0), '')\n"
               "is(('ab'):rep(-1, 'x'), '')\n"
               "is((''):rep(1 << 62), '')\n"
               "is((''):rep(3, ','), ',,')\n"
               "local long = ('0123456789abc'):rep(300000)\n"
               "is(#long, 3900000)\n"
               "for i = 1, 3900000, 13 * 1009 do is(long:sub(i, i + 12), '0123456789abc') end\n"
               "local pieces = ('x'):rep(1500000):rep(3, '-')\n"
               "is(pieces:find('-', 1, true), 1500001)\n"
               "is(pieces:sub(1500002, 3000001), pieces:sub(3000003))\n"
               "is(#pieces, 4500002)\n");
}

static void test_the_function_of_gsub_may_wait(void **state) {
  load(
      "function on_message(msg)\n"
      "  local seen = 0\n"
      "  return (msg.content:gsub('(%a)(%d)', function(a, n)\n"
      "    wechat.sleep(0.01)\n"
      "    seen = seen + 1\n"
      "    collectgarbage()\n"
      "    if n == '2' then return nil end\n"
      "    return seen .. (a:rep(3):gsub('.', function(c) wechat.sleep(0.001) return c .. c end))\n"
      "  end)) .. ('x'):rep(5000):gsub('x', function() end, 3):sub(1, 3)\n"
      "end");
  assert_answer("a1-b2-c3-d", TASK_RETURNED, "1aaaaaa-b2-3cccccc-dxxx");
}

static void test_messages_that_wait_in_gsub_keep_apart(void **state) {
  load("function on_message(msg)\n"
       "  return (msg.content:gsub('%d', function(d) wechat.sleep(0.01 * d) return d * 2 end))\n"
       "end");
  Heard answers[4];
  const char *contents[] = { "a4 b1", "c1 d4", "e2 f2", "g3 h1" };
  const char *replies[] = { "a8 b2", "c2 d8", "e4 f4", "g6 h2" };
  for (int i = 0; i < 4; i++) {
    answer_init(&answers[i]);
    send_text(&answers[i], contents[i]);
  }
  for (int i = 0; i < 4; i++) {
    assert_true(answer_wait(&answers[i], 3000));
    assert_string_equal(answers[i].reply, replies[i]);
    answer_clear(&answers[i]);
  }
}

static void test_a_coroutine_of_the_script_s_own_yields_out_of_gsub(void **state) {
  assert_holds("local co = coroutine.wrap(function()\n"
               "  return (('abc'):gsub('.', function(c) return coroutine.yield(c) end))\n"
               "end)\n"
               "is(co(), 'a') is(co('1'), 'b') is(co(false), 'c') is(co('3'), '1b3')\n");
}

// ---- CPU limit

static void test_a_pattern_that_would_take_hours_is_stopped(void **state) {
  assert_over_cpu("string.find(('a'):rep(4000), ('.-'):rep(12) .. 'b')");
  assert_over_cpu("string.match(('a'):rep(40000), ('a*'):rep(20) .. 'b')");
  assert_over_cpu("string.find(('a'):rep(40000), ('a?'):rep(100) .. ('a-'):rep(50) .. 'b')");
  assert_over_cpu("string.gsub(('('):rep(3000000), '%b()', '')");
  assert_over_cpu("string.find(('a'):rep(2000000), '(a*)%1b')");
  assert_over_cpu("string.find(('a'):rep(3000000), ('a'):rep(1000000) .. 'b', 1, true)");
  assert_over_cpu("string.find(('b'):rep(3000000), '[' .. ('a'):rep(3000000) .. ']')");
  assert_over_cpu("string.match(('b'):rep(3000000), '[^' .. ('a'):rep(3000000) .. ']+c')");
  assert_over_cpu("for _ in (('a'):rep(200000)):gmatch('a-b') do end");
  assert_over_cpu("while true do local n = 0 for _ in (''):gmatch('') do n = n + 1 end end");
}

static void test_nothing_saves_such_a_pattern(void **state) {
  assert_over_cpu("while true do pcall(string.find, ('a'):rep(4000), ('.-'):rep(12) .. 'b') end");
  assert_over_cpu("coroutine.wrap(function() string.find(('a'):rep(4000), ('.-'):rep(12) .. 'b') "
                  "end)()");
  assert_over_cpu("table.sort({ 1, 2 }, function() string.find(('a'):rep(4000), ('.-'):rep(12) .. "
                  "'b') end)");
  assert_over_cpu("('x'):gsub('x', function() string.find(('a'):rep(4000), ('.-'):rep(12) .. 'b') "
                  "end)");
  assert_over_cpu("local x <close> = setmetatable({}, { __close = function() string.find(('a'):rep("
                  "4000), ('.-'):rep(12) .. 'b') end }) string.find(('a'):rep(4000), "
                  "('.-'):rep(12) .. 'b')");
  assert_over_cpu("xpcall(string.find, function() string.find(('a'):rep(4000), ('.-'):rep(12) .. "
                  "'b') end, 'a', '%') while true do end");
}

static void test_replacing_without_end_is_stopped(void **state) {
  assert_over_cpu("while true do (('a'):rep(1000000)):gsub('', '') end");
  assert_over_cpu("(('a'):rep(1000)):gsub('a', function() while true do end end)");
  assert_over_cpu("local t = setmetatable({}, { __index = function() while true do end end }) "
                  "string.gsub(('a'):rep(1000), 'a', t)");
}

static void test_a_coroutine_that_was_stopped_in_a_pattern_is_dead(void **state) {
  load("local function hours() return string.find(('a'):rep(4000), ('.-'):rep(12) .. 'b') end\n"
       "kept = coroutine.create(hours)\n"
       "function on_message(msg)\n"
       "  if msg.content == 'go' then coroutine.resume(kept) end\n"
       "  return select(2, coroutine.resume(kept, 'forged'))\n"
       "end");
  assert_answer("go", TASK_OVER_CPU, "");
  assert_answer("next", TASK_RETURNED, "cannot resume dead coroutine");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_open, world_close)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_find_and_match_give_places_and_captures),
    TEST(test_gmatch_gives_every_match_once),
    TEST(test_gsub_takes_strings_tables_and_functions),
    TEST(test_gsub_calls_itself),
    TEST(test_faults_have_lua_s_own_words),
    TEST(test_a_fault_names_the_line_that_called),
    TEST(test_rep_repeats),
    TEST(test_the_function_of_gsub_may_wait),
    TEST(test_messages_that_wait_in_gsub_keep_apart),
    TEST(test_a_coroutine_of_the_script_s_own_yields_out_of_gsub),
    TEST(test_a_pattern_that_would_take_hours_is_stopped),
    TEST(test_nothing_saves_such_a_pattern),
    TEST(test_replacing_without_end_is_stopped),
    TEST(test_a_coroutine_that_was_stopped_in_a_pattern_is_dead),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
