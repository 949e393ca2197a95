// A task that fails or is ended closes its variables: they may wait, each of their errors is logged, and nothing in the
// script can prevent the end.
#include "host_world.h"

// `closing(name, fn)` returns a value whose __close waits, calls `fn`, and adds `name` to the answer to "order".
static void load_closing(const char *hostile) {
  char code[4096];
  snprintf(code, sizeof code,
           "order, survived = '', false\n"
           "function closing(name, fn)\n"
           "  return setmetatable({}, { __close = function(_, err)\n"
           "    wechat.sleep(0.01)\n"
           "    if fn then fn(err) end\n"
           "    order = order .. name\n"
           "  end })\n"
           "end\n"
           "function hostile()\n%s\nend\n"
           "function on_message(msg)\n"
           "  if msg.content == 'order' then return order .. (survived and ' survived' or '') end\n"
           "  local a <close> = closing('a')\n"
           "  local b <close> = closing('b')\n"
           "  hostile()\n"
           "end\n",
           hostile);
  world.options.cpu_us_max = 100000;
  load(code);
}

static void assert_closed(const char *hostile, TaskState state, const char *order) {
  load_closing(hostile);
  assert_answer("go", state, "");
  assert_answer("order", TASK_RETURNED, order);
}

static void test_variables_are_closed_in_order_and_may_wait_whatever_ends_the_task(void **state) {
  assert_closed("error('x')", TASK_FAILED, "ba");
  assert_closed("local c <close> = closing('c') local t = nil wechat.sleep(0.01) return t.x",
                TASK_FAILED, "cba");
  assert_closed("while true do end", TASK_OVER_CPU, "ba");
  assert_closed("wechat.sleep(0.01) while true do end", TASK_OVER_CPU, "ba");
  assert_closed("string.find(('a'):rep(4000), ('.-'):rep(12) .. 'b')", TASK_OVER_CPU, "ba");
  assert_closed("table.sort({ 3, 2, 1 }, function() while true do end end)", TASK_OVER_CPU, "ba");
  assert_closed("local s = 'x' while true do s = s .. s end", TASK_OVER_MEMORY, "ba");
  assert_closed("local function deep() return ('x'):gsub('.', deep) end deep()", TASK_FAILED, "ba");
  world.options.job_timeout_ms = 100;
  assert_closed("wechat.sleep(10)", TASK_CANCELLED, "ba");
  assert_closed("pcall(function() local c <close> = closing('c') wechat.sleep(10) end)",
                TASK_CANCELLED, "cba");
}

static void test_nothing_of_the_scripts_own_keeps_the_end_from_coming(void **state) {
  static const char *const holds[] = {
    "pcall(%s) survived = true",
    "xpcall(%s, function() survived = true end) survived = true",
    "pcall(pcall, pcall, %s) survived = true",
    "coroutine.resume(coroutine.create(%s)) survived = true",
    "pcall(coroutine.wrap(%s)) survived = true",
    "coroutine.wrap(function() pcall(%s) survived = true end)() survived = true",
    "load(%s) survived = true",
    "pcall(table.sort, { 3, 2, 1 }, %s) survived = true",
    "pcall(string.gsub, 'x', '.', %s) survived = true",
    "local c <close> = setmetatable({}, { __close = function(...) error('other') end }) pcall(%s) "
    "survived = true",
    "pcall(function() local c <close> = setmetatable({}, { __close = function() error('other') end "
    "}); "
    "(%s)() end) survived = true",
  };
  for (size_t i = 0; i < sizeof holds / sizeof *holds; i++) {
    char hostile[512];
    snprintf(hostile, sizeof hostile, holds[i], "function() while true do end end");
    assert_closed(hostile, TASK_OVER_CPU, "ba");
  }
  world.options.job_timeout_ms = 100;
  for (size_t i = 0; i < sizeof holds / sizeof *holds; i++) {
    char hostile[512];
    if (strstr(holds[i], "load(") || strstr(holds[i], "table.sort")) continue;  // cannot wait there
    snprintf(hostile, sizeof hostile, holds[i], "function() wechat.sleep(10) end");
    assert_closed(hostile, TASK_CANCELLED, "ba");
  }
}

static void test_an_error_of_a_close_method_is_one_line_and_the_others_are_called(void **state) {
  load_closing("local c <close> = closing('c', function() error('first fault') end)\n"
               "local d <close> = closing('d', function(err) assert(err:find 'real') error('second "
               "fault') end)\n"
               "error('the real one')");
  assert_answer("go", TASK_FAILED, "");
  assert_logged("on_message failed: ");
  assert_logged("the real one");
  assert_logged("error a __close method failed: ");
  assert_logged(": second fault");
  assert_logged(": first fault");
  assert_int_equal(times_logged("a __close method failed"), 2);
  assert_int_equal(times_logged("on_message failed"), 1);
  assert_answer("order", TASK_RETURNED, "ba");
}

static void test_a_close_method_that_loops_is_stopped_and_the_others_are_called(void **state) {
  static const char loop[] =
      "local c <close> = closing('c') local d <close> = closing('d', function() "
      "pcall(function() while true do end end) survived = true end) ";
  char hostile[512];
  snprintf(hostile, sizeof hostile, "%s error('x')", loop);
  assert_closed(hostile, TASK_FAILED, "cba");
  snprintf(hostile, sizeof hostile, "%s while true do end", loop);
  assert_closed(hostile, TASK_OVER_CPU, "cba");
  assert_logged("a __close method failed: ");
  assert_logged("stopped after 100 ms of CPU time");
}

static void test_a_close_method_may_catch_its_own_errors(void **state) {
  assert_closed("local c <close> = closing(pcall(error, 'x') and '?' or 'c') "
                "local d <close> = closing('d', function() assert(not pcall(error, 'x')) "
                "assert(not coroutine.resume(coroutine.create(error), 'x')) end) while true do end",
                TASK_OVER_CPU, "dcba");
}

static void test_a_close_method_that_does_not_come_back_is_ended(void **state) {
  int64_t began_us = clock_now_us();
  load_closing("local c <close> = closing('c', function() wechat.sleep(1000) end) error('x')");
  assert_answer("go", TASK_FAILED, "");
  int64_t took_ms = (clock_now_us() - began_us) / 1000;
  assert_in_range(took_ms, 4000, 15000);
  assert_logged(
      "a __close method of on_message was ended after 5 s while it waited in wechat.sleep");
  assert_answer("order", TASK_RETURNED, "");
  assert_logged("wechat.sleep cannot wait here");  // the errors of the others are logged too
}

static void test_variables_of_inner_coroutines_are_closed_and_a_wait_there_is_told(void **state) {
  world.options.job_timeout_ms = 100;
  assert_closed(
      "coroutine.wrap(function()\n"
      "  local c <close> = setmetatable({}, { __close = function() order = order .. 'c' end })\n"
      "  local d <close> = closing('d')\n"
      "  wechat.sleep(10)\nend)()",
      TASK_CANCELLED, "cba");
  assert_logged("a __close method failed: ");
  assert_logged("bot.lua:4: wechat.sleep cannot wait here");
}

static void test_on_error_follows_with_time_and_catches_of_its_own(void **state) {
  load("order = ''\n"
       "function on_message(msg)\n"
       "  local a <close> = setmetatable({}, { __close = function() wechat.sleep(0.01) order = "
       "order .. 'a' end })\n"
       "  if msg.content == 'loop' then while true do end end\n"
       "  error('x')\nend\n"
       "function on_error(err)\n"
       "  local b <close> = setmetatable({}, { __close = function() wechat.sleep(0.01) order = "
       "order .. 'b' end })\n"
       "  order = order .. tostring(pcall(error, 'y'))\n"
       "  wechat.sleep(0.01)\n"
       "  return order\nend");
  assert_answer("error", TASK_FAILED, "afalse");
  assert_answer("loop", TASK_OVER_CPU, "afalsebafalse");
}

static void test_what_load_catches_ends_nothing(void **state) {
  load("function on_message(msg)\n"
       "  assert(not load(function() error('x') end))\n"
       "  assert(not load(('('):rep(1000)))\n"
       "  assert(not load('x ='))\n"
       "  assert(not loadfile('/nowhere'))\n"
       "  return 'fine'\nend");
  assert_answer("go", TASK_RETURNED, "fine");
  assert_not_logged("failed");
}

static void test_a_memory_error_names_its_place(void **state) {
  load("function on_message(msg)\n  local s = 'x'\n  while true do s = s .. s end\nend");
  assert_answer("x", TASK_OVER_MEMORY, "");
  assert_logged("bot.lua:3: not enough memory");
}

static void test_what_did_not_begin_is_cancelled_without_a_word(void **state) {
  load("function on_message(msg) for i = 1, 50 do wechat.spawn(function() local a <close> = "
       "setmetatable({}, { "
       "__close = function() wechat.sleep(1) end }) wechat.sleep(100) end) end end");
  assert_answer("x", TASK_RETURNED, "");
  usleep(50000);
  interpreter_release(world.in);
  world.in = NULL;
  assert_int_equal(times_logged("a __close method failed"), 50);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_open, world_close)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_variables_are_closed_in_order_and_may_wait_whatever_ends_the_task),
    TEST(test_nothing_of_the_scripts_own_keeps_the_end_from_coming),
    TEST(test_an_error_of_a_close_method_is_one_line_and_the_others_are_called),
    TEST(test_a_close_method_that_loops_is_stopped_and_the_others_are_called),
    TEST(test_a_close_method_may_catch_its_own_errors),
    TEST(test_a_close_method_that_does_not_come_back_is_ended),
    TEST(test_variables_of_inner_coroutines_are_closed_and_a_wait_there_is_told),
    TEST(test_on_error_follows_with_time_and_catches_of_its_own),
    TEST(test_what_load_catches_ends_nothing),
    TEST(test_a_memory_error_names_its_place),
    TEST(test_what_did_not_begin_is_cancelled_without_a_word),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
