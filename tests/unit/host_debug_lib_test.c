// The library `debug` and chunks of code from any source: whatever a script does with them, the worst result is an
// error.
#include "host_world.h"

static void test_a_script_s_own_locals_are_read_and_set(void **state) {
  assert_holds("local a, b = 1, 2\n"
               "local function set(level, n, v) return debug.setlocal(level, n, v) end\n"
               "is(debug.getlocal(1, 1), 'msg')\n"
               "is(select(2, debug.getlocal(1, 3)), 2)\n"
               "is(set(2, 3, 7), 'b')\n"
               "is(b, 7)\n"
               "is(debug.setlocal(1, 99, 0), nil)\n"
               "local co = coroutine.create(function(x) coroutine.yield() return x end)\n"
               "coroutine.resume(co, 1)\n"
               "is(select(2, debug.getlocal(co, 1, 1)), 1)\n"
               "is(debug.setlocal(co, 1, 1, 5), 'x')\n"
               "is(select(2, coroutine.resume(co)), 5)\n"
               "is(debug.getlocal(function(name) end, 1), 'name')\n"
               "is(select(2, pcall(debug.getlocal, 99, 1)):match('level out of range'),"
               " 'level out of range')\n"
               "is(debug.getinfo(1, 'l').currentline, 26)\n"
               "is(debug.getinfo(1, 'f').func, on_message)\n"
               "is(debug.getinfo(print).what, 'C')\n");
}

static void test_a_script_s_own_upvalues_are_read_and_set(void **state) {
  assert_holds("local x, y = 1, 2\n"
               "local function f() return x end\n"
               "local function g() return y end\n"
               "is(debug.getupvalue(f, 1), 'x')\n"
               "is(debug.setupvalue(f, 1, 5), 'x') is(x, 5)\n"
               "debug.upvaluejoin(f, 1, g, 1) is(f(), 2)\n"
               "is(type(debug.upvalueid(f, 1)), 'userdata')\n"
               "local t = debug.setmetatable({}, { __len = function() return 3 end }) is(#t, 3)\n");
}

static void test_what_belongs_to_c_is_closed(void **state) {
  assert_holds(
      "local wrapped = coroutine.wrap(print)\n"
      "is(debug.getupvalue(string.gsub, 1), nil)\n"
      "is(debug.getupvalue(wechat.sleep, 1), nil)\n"
      "fails('not belong to the script', debug.setupvalue, wrapped, 1, 5)\n"
      "fails('not belong to the script', debug.setupvalue, string.gsub, 1, io.stdout)\n"
      "fails('not belong to the script', debug.setupvalue, wechat.response_text, 1, 5)\n"
      "local timer = wechat.every('1h', function() end)\n"
      "fails('cannot be replaced', debug.setmetatable, io.stdout,"
      " debug.getmetatable(timer))\n"
      "fails('cannot be replaced', debug.setmetatable, timer,"
      " debug.getmetatable(io.stdout))\n"
      "fails('belong to C', debug.setuservalue, timer, {}, 1)\n"
      "local seen\n"
      "wechat.json.encode(setmetatable({}, { __pairs = function(t)\n"
      "  for level = 2, 4 do\n"
      "    for n = 1, 20 do seen = seen or debug.getlocal(level, n) == '(C temporary)' end\n"
      "    fails('not belong to the script', function() debug.setlocal(5, 1, 5) end)\n"
      "  end\n"
      "  is(debug.getinfo(2, 'f').func, nil)\n"
      "  return next, t end }))\n"
      "is(seen, false)\n");
}

// Lua's constructor code uses its temporary value as a table without a check.
static void test_what_is_under_construction_is_closed(void **state) {
  assert_holds("local function spoil()\n"
               "  for n = 1, 30 do\n"
               "    local name = debug.getlocal(2, n)\n"
               "    if not name or name:find('^%(') then is(debug.setlocal(2, n, 5), nil) end\n"
               "  end\n"
               "  return 1, 2, 3\n"
               "end\n"
               "is(#{ spoil() }, 3)\n"
               "for i = 1, 3 do spoil() end\n"
               "for k, v in pairs({ 1, 2 }) do spoil() end\n"
               "is(('a' .. spoil() .. 'b'), 'a1b')\n");
}

static void test_a_call_that_waits_is_closed(void **state) {
  load("function on_message(msg)\n"
       "  local own, outcome = coroutine.running(), {}\n"
       "  wechat.spawn(function()\n"
       "    for level = 0, 5 do for n = -9, 9 do\n"
       "      local ok, name = pcall(debug.setlocal, own, level, n, 7)\n"
       "      outcome[#outcome + 1] = ok and name or nil\n"
       "    end end\n"
       "    collectgarbage()\n"
       "  end)\n"
       "  local result = ('abc'):gsub('b', function(c) wechat.sleep(0.05) return c .. c end)\n"
       "  return result .. #outcome\n"
       "end");
  Heard answer;
  answer_init(&answer);
  send_text(&answer, "go");
  assert_true(answer_wait(&answer, 3000));  // a script may overwrite its own locals
  answer_clear(&answer);
  load("function on_message(msg) return 'fine' end");
  assert_answer("next", TASK_RETURNED, "fine");
}

static void test_load_takes_text_alone(void **state) {
  write_file("text.lua", "local a = ... return 'text', a");
  write_file("script.lua", "#!/usr/bin/lua\nwechat.sleep(0) return 'waited'");
  assert_holds(
      "is(load('return 1')(), 1)\n"
      "is(load('return x', 'name', 't', { x = 2 })(), 2)\n"
      "is(load(('return 1 '):gmatch('.'))(), 1)\n"
      "is(select(2, load('x =', '=name')), \"name:1: unexpected symbol near <eof>\")\n"
      "is(select(2, load('x = 1', '=name', 'b')),"
      " \"attempt to load a text chunk (mode is 'b')\")\n"
      "fails(\"bad argument #1 to 'load' (function expected, got table)\","
      " function() load({}) end)\n"
      "fails('reader function must return a string', assert, load(function() return {} end))\n"
      "local chunk = string.dump(function() return 1 end)\n"
      "for _, mode in ipairs { 'b', 'bt', 't' } do\n"
      "  local f, why = load(chunk, '=x', mode)\n"
      "  is(f, nil) is(why:match('attempt to load a binary chunk'),"
      " 'attempt to load a binary chunk')\n"
      "end\n"
      "local given\n"
      "is(load(function() given = not given return given and chunk or nil end), nil)\n"
      "local folder = debug.getinfo(1, 'S').source:match('@(.*/)')\n"
      "is(loadfile(folder .. 'text.lua')(), 'text')\n"
      "is(dofile(folder .. 'text.lua'), 'text')\n"
      "is(dofile(folder .. 'script.lua'), 'waited')\n"
      "local file = io.open(folder .. 'chunk', 'w') file:write(chunk) file:close()\n"
      "for _, mode in ipairs { 'b', 'bt', 't' } do\n"
      "  is(loadfile(folder .. 'chunk', mode), nil)\n"
      "end\n"
      "fails('binary chunk', dofile, folder .. 'chunk')\n"
      "is(select(2, loadfile(folder .. 'none')):match('cannot open'), 'cannot open')\n");
}

static void test_a_spoiled_chunk_is_refused_wherever_it_comes_from(void **state) {
  write_file("spoiled.lua", "\033LuaT\033\033\033\033");
  assert_holds("fails('binary chunk', require, 'spoiled')\n"
               "package.path = debug.getinfo(1, 'S').source:match('@(.*/)') .. '?.bin'\n"
               "local file = io.open((package.path:gsub('?', 'other')), 'w')\n"
               "file:write((string.dump(function() end):gsub('.', function(c)\n"
               "  return c:byte() > 127 and 'x' or nil end))) file:close()\n"
               "fails('binary chunk', require, 'other')\n");
}

static void test_a_long_text_is_stopped(void **state) {
  world.options.memory_max = 0;
  load("local text = ('x = 1 '):rep(5000000)\n"
       "function on_message(msg)\n"
       "  if msg.content == 'text' then pcall(load, text) end\n"
       "  if msg.content == 'parts' then load(function() return 'x = 1 ' end) end\n"
       "  if msg.content == 'c' then load(('x=1 '):rep(5000000):gmatch('...')) end\n"
       "  return 'fine'\n"
       "end");
  const char *ways[] = { "text", "parts", "c" };
  for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
    int64_t began_us = clock_now_us();
    assert_answer(ways[i], TASK_OVER_CPU, "");
    assert_true(clock_now_us() - began_us < 5000000);
    assert_answer("next", TASK_RETURNED, "fine");
  }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_open, world_close)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_a_script_s_own_locals_are_read_and_set),
    TEST(test_a_script_s_own_upvalues_are_read_and_set),
    TEST(test_what_belongs_to_c_is_closed),
    TEST(test_what_is_under_construction_is_closed),
    TEST(test_a_call_that_waits_is_closed),
    TEST(test_load_takes_text_alone),
    TEST(test_a_spoiled_chunk_is_refused_wherever_it_comes_from),
    TEST(test_a_long_text_is_stopped),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
