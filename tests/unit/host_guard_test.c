// Scripts that do not end, take all memory, or recurse without end are stopped and reported, and the state goes on
// serving.
#include "host_world.h"

// A thread that was left behind closes its state when its call returns, and with it libxml2's parser. Nothing orders
// this before libxml2's clean-up at exit.
const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void) { return "race:xmlFreeRMutex\nrace:xmlFreeMutex\n"; }

// Asserts that the hostile message ends in time as `expected`, and that the next message is answered normally.
static void assert_stopped(const char *body, TaskState expected) {
  char code[4096];
  snprintf(code, sizeof code,
           "function hostile() %s end\nfunction on_message(msg) if msg.content == 'go' then "
           "hostile() end return 'fine' end",
           body);
  load(code);
  Heard answer;
  answer_init(&answer);
  int64_t began_us = clock_now_us();
  send_text(&answer, "go");
  if (!answer_wait(&answer, 20000)) fail_msg("never ends: %s", body);
  int64_t took_ms = (clock_now_us() - began_us) / 1000;
  if (answer.state != expected)
    fail_msg("%s: %s, not %s\n%s", body, task_state_name(answer.state), task_state_name(expected),
             world_log());
  if (took_ms > 20000) fail_msg("%s: took %d ms", body, (int)took_ms);
  answer_clear(&answer);
  for (int i = 0; i < 3; i++) assert_answer("next", TASK_RETURNED, "fine");
}

static void test_an_endless_loop_is_stopped_and_its_line_named(void **state) {
  load("function on_message(msg)\n  if msg.content == 'go' then\n    while true do end\n  end\n  "
       "return 'fine'\nend");
  assert_answer("go", TASK_OVER_CPU, "");
  assert_logged("bot.lua:3: stopped after 300 ms of CPU time without a pause (script_cpu_ms)");
  assert_logged("3 | while true do end");
  assert_logged("without a pause, at ");
  assert_int_equal(times_logged("has run for"), 1);
  assert_answer("next", TASK_RETURNED, "fine");
}

static void test_no_pcall_saves_an_endless_loop(void **state) {
  assert_stopped("while true do pcall(function() while true do end end) end", TASK_OVER_CPU);
  assert_stopped("while true do pcall(pcall, function() while true do end end) end", TASK_OVER_CPU);
  assert_stopped("local function f() pcall(f) while true do end end f()", TASK_OVER_CPU);
}

static void test_no_message_handler_saves_an_endless_loop(void **state) {
  assert_stopped("xpcall(function() while true do end end, function() while true do end end) while "
                 "true do end",
                 TASK_OVER_CPU);
  assert_stopped("local function again() xpcall(again, again) while true do end end again()",
                 TASK_OVER_CPU);
}

static void test_no_coroutine_saves_an_endless_loop(void **state) {
  assert_stopped("coroutine.wrap(function() while true do end end)()", TASK_OVER_CPU);
  assert_stopped(
      "while true do coroutine.resume(coroutine.create(function() while true do end end)) end",
      TASK_OVER_CPU);
  assert_stopped("while true do pcall(coroutine.wrap(function() pcall(coroutine.wrap(function() "
                 "while true do end end)) end)) end",
                 TASK_OVER_CPU);
  assert_stopped("local function spin() while true do end end while true do local co = "
                 "coroutine.create(function() local x <close> = "
                 "setmetatable({}, { __close = spin }) spin() end) coroutine.resume(co) "
                 "coroutine.close(co) end",
                 TASK_OVER_CPU);
}

static void test_no_close_handler_saves_an_endless_loop(void **state) {
  assert_stopped("local x <close> = setmetatable({}, { __close = function() while true do end end "
                 "}) while true do end",
                 TASK_OVER_CPU);
  assert_stopped("while true do pcall(function() local x <close> = setmetatable({}, { __close = "
                 "function() while true do end end }) error('x') end) end",
                 TASK_OVER_CPU);
  assert_stopped("local x <close> = setmetatable({}, { __close = function() while true do end end "
                 "}) error('x')",
                 TASK_FAILED);
  assert_logged("a __close method failed");
}

static void test_a_loop_inside_a_c_function_is_stopped(void **state) {
  assert_stopped("string.gsub('a', 'a', function() while true do end end)", TASK_OVER_CPU);
  assert_stopped("while true do pcall(string.gsub, 'a', 'a', function() while true do end end) end",
                 TASK_OVER_CPU);
  assert_stopped("table.sort({ 3, 2, 1 }, function() while true do end end)", TASK_OVER_CPU);
  assert_stopped(
      "local t = setmetatable({}, { __index = function() while true do end end }) return t.x",
      TASK_OVER_CPU);
  assert_stopped("for _ in function() while true do end end do end", TASK_OVER_CPU);
  assert_stopped("load(function() while true do end end)", TASK_OVER_CPU);
  assert_stopped("while true do string.gsub(('a'):rep(100), 'a', function() pcall(error) end) end",
                 TASK_OVER_CPU);
  assert_stopped("error(setmetatable({}, { __tostring = function() while true do end end }))",
                 TASK_FAILED);
}

static void test_the_script_cannot_touch_the_hook(void **state) {
  assert_stopped("pcall(debug.sethook) while true do pcall(debug.sethook) end", TASK_OVER_CPU);
  assert_stopped("pcall(debug.sethook, function() end, 'l') while true do end", TASK_OVER_CPU);
  assert_stopped("debug.sethook()", TASK_FAILED);
  assert_logged("debug.sethook is not available");
}

static void test_a_coroutine_that_was_stopped_is_dead_and_others_go_on(void **state) {
  load("kept = coroutine.create(function() local n = 0 while n < 1e9 do n = n + 1 if n % 1000000 "
       "== 0 then coroutine.yield(n) end end end)\n"
       "spin = coroutine.create(function() while true do end end)\n"
       "function on_message(msg)\n"
       "  if msg.content == 'go' then while true do coroutine.resume(spin) end end\n"
       "  return tostring(select(2, coroutine.resume(kept))) .. coroutine.status(spin)\n"
       "end");
  assert_answer("a", TASK_RETURNED, "1000000suspended");
  assert_answer("go", TASK_OVER_CPU, "");
  assert_answer("a", TASK_RETURNED, "2000000dead");
}

static void test_memory_without_end_is_an_error_and_comes_back(void **state) {
  world.options.cpu_us_max = 10000000;  // sanitizers are slow
  assert_stopped("local t = {} while true do t[#t + 1] = string.rep('x', 100000) .. #t end",
                 TASK_OVER_MEMORY);
  assert_true(interpreter_memory(world.in) < (4 << 20));
  assert_stopped("local s = 'x' while true do s = s .. s end", TASK_OVER_MEMORY);
  assert_stopped("string.rep('x', 1 << 40)", TASK_FAILED);
  assert_stopped("string.rep('x', 1 << 28)", TASK_OVER_MEMORY);
  assert_stopped("local t = {} for i = 1, 1e9 do t[i] = {} end", TASK_OVER_MEMORY);
  assert_stopped("local t = {} for i = 1, 1e9 do t[i] = coroutine.create(function() end) end",
                 TASK_OVER_MEMORY);
  assert_true(interpreter_memory(world.in) < (4 << 20));
}

static void test_a_script_may_catch_its_own_memory_error(void **state) {
  load("function on_message(msg) local ok, why = pcall(string.rep, 'x', 1 << 28) return "
       "tostring(ok) .. ' ' .. why end");
  assert_answer("a", TASK_RETURNED, "false not enough memory");
}

static void test_recursion_without_end_is_an_error(void **state) {
  static const char *const bodies[] = {
    "local function f() return 1 + f() end f()",
    "local function f(s) return (s:gsub('.', f)) end f('a')",
    "local function f() pcall(f) error('x') end f()",
    "local function f() local ok, e = xpcall(f, function(m) return m end) error(e) end f()",
    "local t = setmetatable({}, {}) getmetatable(t).__index = function(_, k) return t[k .. 'x'] "
    "end return t.a",
    "local t = {} for i = 1, 1000 do t = setmetatable({}, { __index = t }) end local u = "
    "setmetatable({}, {}) getmetatable(u).__index = u return u.x",
    "local function f() return coroutine.wrap(f)() end f()",
    "local function f() coroutine.wrap(function() f() end)() end f()",
    "local t = setmetatable({}, {}) getmetatable(t).__tostring = function() return tostring(t) end "
    "tostring(t)",
    "local function f(a, b) table.sort({ 1, 2, 3 }, f) return true end table.sort({ 3, 2, 1 }, f)",
    "local s = string.rep('(', 300) .. string.rep(')', 300) string.find('x', s)",
    "string.find(string.rep('a', 300000), string.rep('a?', 300000) .. 'b')",
    "assert(load('return ' .. string.rep('(', 100000) .. '1' .. string.rep(')', 100000)))",
    "assert(load('return ' .. string.rep('{', 100000)))",
    "local t = setmetatable({}, {}) getmetatable(t).__eq = function(a, b) return a == b end return "
    "t == setmetatable({}, getmetatable(t))",
    "local t = setmetatable({}, {}) getmetatable(t).__concat = function(a, b) return a .. b end "
    "return t .. t",
    "local function f() local x <close> = setmetatable({}, { __close = f }) end f()",
    "require 'bot'",
  };
  for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
    char code[2048];
    snprintf(code, sizeof code,
             "function on_message(msg) if msg.content == 'go' then pcall(function() %s end) return "
             "'survived' end return 'fine' end",
             bodies[i]);
    load(code);
    Heard answer;
    answer_init(&answer);
    send_text(&answer, "go");
    if (!answer_wait(&answer, 10000)) fail_msg("never ends: %s", bodies[i]);
    answer_clear(&answer);
    assert_answer("next", TASK_RETURNED, "fine");
  }
}

static void test_deep_recursion_that_is_not_caught_is_logged_with_its_line(void **state) {
  load(
      "function on_message(msg)\n  local function f(s) return (s:gsub('.', f)) end\n  f('a')\nend");
  assert_answer("go", TASK_FAILED, "");
  assert_logged("C stack overflow");
  assert_logged("bot.lua:2");
}

static void test_json_without_end_is_stopped(void **state) {
  assert_over_cpu("local t = {} for i = 1, 60 do t = { t, t } end wechat.json.encode(t)");
  assert_over_cpu(
      "wechat.json.encode(setmetatable({}, { __pairs = function() return math.max, 1, 2 "
      "end }))");
  world.options.memory_max = 0;
  assert_over_cpu("wechat.json.decode('[' .. ('0,'):rep(20000000) .. '0]')");
  assert_over_cpu("wechat.json.decode('[' .. ('[],'):rep(20000000) .. '0]')");
  assert_over_cpu(
      "local t = {} for i = 1, 200000 do t['k' .. i * 7919 % 200003] = i end for i = 1, "
      "50 do wechat.json.encode(t) end");
}

static void test_json_takes_no_more_memory_than_the_script_may(void **state) {
  world.options.cpu_us_max = 20000000;
  assert_holds("local long = ('x'):rep(1 << 20)\n"
               "local t = {} for i = 1, 100 do t[i] = long end\n"
               "fails('takes more than script_memory_mb', wechat.json.encode, t)\n"
               "local value, why = wechat.json.decode('[' .. ('0,'):rep(2000000) .. '0]')\n"
               "is(value, nil) is(why, 'no memory to read a JSON text')\n"
               "t = {} for i = 1, 30000 do t['k' .. i * 7919 % 30011] = i end\n"
               "local text = wechat.json.encode(t)\n"
               "local last = ''\n"
               "for key in text:gmatch('\"(k%d+)\"') do is(key > last, true) last = key end\n");
}

// The guard cannot stop it, and need not: it ends by itself, and the guard watches what follows.
static void test_a_full_collection_frees_all_and_ends_no_budget(void **state) {
  load("local function fill()\n"
       "  local hoard = {} for i = 1, 50 do hoard[i] = {} for j = 1, 1000 do hoard[i][j] = { j } "
       "end end\n"
       "  return hoard\n"
       "end\n"
       "hoard = fill()\n"
       "function on_message(msg)\n"
       "  if msg.content == 'loop' then collectgarbage() while true do end end\n"
       "  if msg.content == 'drop' then hoard = false end\n"
       "  local before = collectgarbage('count')\n"
       "  for _ = 1, 3 do collectgarbage() end\n"
       "  local freed = before - collectgarbage('count')\n"
       "  return (hoard and #hoard or 'none') .. (freed > 1000 and ' freed' or ' kept')\n"
       "end");
  assert_answer("next", TASK_RETURNED, "50 kept");
  assert_answer("loop", TASK_OVER_CPU, "");
  assert_answer("next", TASK_RETURNED, "50 kept");
  assert_answer("drop", TASK_RETURNED, "none freed");
  assert_false(interpreter_is_stuck(world.in, NULL, 0));
  assert_answer("next", TASK_RETURNED, "none kept");
}

// ---- calls that cannot be interrupted

static const char STUCK[] =
    "function on_message(msg)\n"
    "  if msg.content == 'gc' then local t = os.clock() setmetatable({}, { __gc = function() while "
    "os.clock() - t < 3 do end end }) collectgarbage() end\n"
    "  if msg.content == 'slow' then local t = os.clock() string.rep('x', 100):gsub('x', "
    "function() while os.clock() - t < 0.1 do end end) end\n"
    "  return 'fine'\n"
    "end";

static void *send_gc(void *arg) {
  Heard *answer = arg;
  send_text(answer, "gc");
  return NULL;
}

static void *send_next(void *arg) {
  Heard *answer = arg;
  answer->state = send_text_within(world.in, answer, "next", 4000000);
  return NULL;
}

static void test_a_call_that_nothing_interrupts_is_seen_and_given_up(void **state) {
  load(STUCK);
  Heard stuck, waiting;
  answer_init(&stuck);
  answer_init(&waiting);
  pthread_t stuck_thread, waiting_thread;
  pthread_create(&stuck_thread, NULL, send_gc, &stuck);
  usleep(30000);
  pthread_create(&waiting_thread, NULL, send_next, &waiting);
  // Of CPU time, of which a busy machine gives less.
  int64_t began_us = clock_process_cpu_us();
  char place[200] = "";
  while (!interpreter_is_stuck(world.in, place, sizeof place) &&
         clock_process_cpu_us() - began_us < 2500000)
    usleep(50000);
  int64_t seen_us = clock_process_cpu_us() - began_us;
  if (seen_us > 1500000) fail_msg("seen after %d ms", (int)(seen_us / 1000));
  assert_non_null(strstr(place, "bot.lua:"));
  interpreter_give_up(world.in);
  int64_t gave_up_us = clock_process_cpu_us();  // the stuck call takes it, for two seconds more
  pthread_join(waiting_thread, NULL);
  assert_true(clock_process_cpu_us() - gave_up_us < 300000);
  assert_int_equal(waiting.state, TASK_LOST);
  assert_int_equal(waiting.calls, 0);
  pthread_join(stuck_thread, NULL);  // the call returns after three seconds
  assert_int_equal(stuck.calls, 1);
  answer_clear(&stuck);
  answer_clear(&waiting);
}

static void test_a_script_that_is_quick_or_pauses_is_not_stuck(void **state) {
  load(STUCK);
  assert_false(interpreter_is_stuck(world.in, NULL, 0));
  Heard answer;
  answer_init(&answer);
  send_text(&answer, "slow");
  assert_false(interpreter_is_stuck(world.in, NULL, 0));
  assert_int_equal(answer.state, TASK_RETURNED);
  answer_clear(&answer);
}

static void test_a_script_that_is_stuck_at_load_is_left_behind(void **state) {
  int64_t began_us = clock_process_cpu_us();
  assert_false(try_load("local t = os.clock() setmetatable({}, { __gc = function() while "
                        "os.clock() - t < 2 do end end }) collectgarbage()\n"
                        "function on_message() end"));
  assert_true(clock_process_cpu_us() - began_us < 1800000);
  assert_non_null(strstr(world.err.text, "stuck"));
  interpreter_release(world.in);  // the thread closes the state when its call returns
  world.in = NULL;
  usleep(2500000);
}

static void test_a_finalizer_that_hangs_does_not_hold_up_who_lets_go(void **state) {
  load("kept = setmetatable({}, { __gc = function() local t = os.clock() while os.clock() - t < 4 "
       "do end end })\nfunction on_message() end");
  int64_t began_us = clock_process_cpu_us();
  interpreter_release(world.in);
  world.in = NULL;
  assert_true(clock_process_cpu_us() - began_us < 3500000);
  usleep(5000000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_open, world_close)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_an_endless_loop_is_stopped_and_its_line_named),
    TEST(test_no_pcall_saves_an_endless_loop),
    TEST(test_no_message_handler_saves_an_endless_loop),
    TEST(test_no_coroutine_saves_an_endless_loop),
    TEST(test_no_close_handler_saves_an_endless_loop),
    TEST(test_a_loop_inside_a_c_function_is_stopped),
    TEST(test_the_script_cannot_touch_the_hook),
    TEST(test_a_coroutine_that_was_stopped_is_dead_and_others_go_on),
    TEST(test_memory_without_end_is_an_error_and_comes_back),
    TEST(test_a_script_may_catch_its_own_memory_error),
    TEST(test_recursion_without_end_is_an_error),
    TEST(test_deep_recursion_that_is_not_caught_is_logged_with_its_line),
    TEST(test_json_without_end_is_stopped),
    TEST(test_json_takes_no_more_memory_than_the_script_may),
    TEST(test_a_full_collection_frees_all_and_ends_no_budget),
    TEST(test_a_call_that_nothing_interrupts_is_seen_and_given_up),
    TEST(test_a_script_that_is_quick_or_pauses_is_not_stuck),
    TEST(test_a_script_that_is_stuck_at_load_is_left_behind),
    TEST(test_a_finalizer_that_hangs_does_not_hold_up_who_lets_go),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
