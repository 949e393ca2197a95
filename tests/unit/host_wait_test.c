// Waits: the script sleeps, other messages are answered meanwhile, and the script goes on where it was.
#include "host_world.h"

static void test_a_sleeping_script_goes_on_and_answers(void **state) {
  load("function on_message(msg) wechat.sleep(0.05) return 'slept' end");
  Heard answer;
  answer_init(&answer);
  int64_t began_us = clock_now_us();
  assert_int_equal(send_text(&answer, "x"), TASK_WAITING);
  assert_int_equal(interpreter_tasks(world.in), 1);
  assert_true(answer_wait(&answer, 3000));
  assert_true(clock_now_us() - began_us >= 50000);
  assert_int_equal(answer.state, TASK_RETURNED);
  assert_string_equal(answer.reply, "slept");
  answer_clear(&answer);
}

static void test_others_are_answered_while_one_sleeps(void **state) {
  load("function on_message(msg) if msg.content == 'slow' then wechat.sleep(0.3) end return "
       "msg.content end");
  Heard slow;
  answer_init(&slow);
  send_text(&slow, "slow");
  for (int i = 0; i < 20; i++) assert_answer("quick", TASK_RETURNED, "quick");
  assert_int_equal(slow.calls, 0);
  assert_true(answer_wait(&slow, 3000));
  assert_string_equal(slow.reply, "slow");
  answer_clear(&slow);
}

static void test_each_task_keeps_its_own_message_while_it_waits(void **state) {
  load("function on_message(msg) wechat.sleep(0.02 * tonumber(msg.content)) return "
       "wechat.get_message().content end");
  Heard answers[8];
  for (int i = 0; i < 8; i++) {
    char text[8];
    answer_init(&answers[i]);
    snprintf(text, sizeof text, "%d", 8 - i);
    send_text(&answers[i], text);
  }
  for (int i = 0; i < 8; i++) {
    char text[8];
    snprintf(text, sizeof text, "%d", 8 - i);
    assert_true(answer_wait(&answers[i], 3000));
    assert_string_equal(answers[i].reply, text);
    answer_clear(&answers[i]);
  }
}

static void test_waiting_works_in_pcall_iterators_metamethods_and_coroutines(void **state) {
  load("local nap = function() wechat.sleep(0.001) end\n"
       "local ways = {\n"
       "  pcall = function() local ok, v = pcall(function() nap() return 7 end) return ok and v "
       "end,\n"
       "  pcall_error = function() local ok, v = pcall(function() nap() error('e', 0) end) return "
       "not ok and v end,\n"
       "  xpcall = function() local ok, v = xpcall(function() nap() error('e', 0) end, function(m) "
       "return 'h' .. m end) return not ok and v end,\n"
       "  iterator = function() local n = 0 for i in function(_, i) nap() i = (i or 0) + 1 if i <= "
       "3 then return i end end do n = n + i end return n end,\n"
       "  index = function() return setmetatable({}, { __index = function(_, k) nap() return k .. "
       "'!' end }).a end,\n"
       "  call = function() return setmetatable({}, { __call = function(_, x) nap() return x end "
       "})(5) end,\n"
       "  add = function() return setmetatable({}, { __add = function(_, x) nap() return x + 1 end "
       "}) + 5 end,\n"
       "  close = function() do local x <close> = setmetatable({}, { __close = nap }) end return "
       "'closed' end,\n"
       "  wrap = function() return coroutine.wrap(function(a) nap() return a * 2 end)(21) end,\n"
       "  resume = function() local co = coroutine.create(function(a) nap() local b = "
       "coroutine.yield(a + 1) nap() return b + 1 end)\n"
       "    local _, x = coroutine.resume(co, 1) local _, y = coroutine.resume(co, 10) return x .. "
       "' ' .. y .. ' ' .. coroutine.status(co) end,\n"
       "  deep = function() return coroutine.wrap(function() return coroutine.wrap(function() "
       "return coroutine.wrap(function()\n"
       "    nap() return 'deep' end)() .. 'er' end)() end)() end,\n"
       "  generator = function() local t = {} for v in coroutine.wrap(function() for i = 1, 3 do "
       "nap() coroutine.yield(i) end end) do t[#t + 1] = v end\n"
       "    return table.concat(t, ',') end,\n"
       "  failing = function() local ok, e = coroutine.resume(coroutine.create(function() nap() "
       "error('inner', 0) end)) return tostring(ok) .. e end,\n"
       "  failing_wrap = function() local ok, e = pcall(coroutine.wrap(function() nap() "
       "error('inner', 0) end)) return tostring(ok) .. e:match('inner') end,\n"
       "  running = function() local co, main = coroutine.running() return tostring(main) .. "
       "tostring(coroutine.isyieldable()) .. coroutine.status(co) end,\n"
       "}\n"
       "function on_message(msg) return tostring(ways[msg.content]()) end");
  static const char *const expected[][2] = {
    { "pcall", "7" },
    { "pcall_error", "e" },
    { "xpcall", "he" },
    { "iterator", "6" },
    { "index", "a!" },
    { "call", "5" },
    { "add", "6" },
    { "close", "closed" },
    { "wrap", "42" },
    { "resume", "2 11 dead" },
    { "deep", "deeper" },
    { "generator", "1,2,3" },
    { "failing", "falseinner" },
    { "failing_wrap", "falseinner" },
    { "running", "falsetruerunning" },
  };
  for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
    assert_answer(expected[i][0], TASK_RETURNED, expected[i][1]);
}

static void assert_cannot_wait(const char *body, const char *named) {
  char code[1024];
  snprintf(code, sizeof code, "function on_message(msg) %s return 'fine' end", body);
  load(code);
  assert_answer("x", TASK_FAILED, "");
  assert_logged(named);
}

static void test_where_lua_cannot_suspend_the_function_in_the_way_is_named(void **state) {
  assert_cannot_wait("table.sort({ 2, 1 }, function() wechat.sleep(0) end)",
                     "wechat.sleep cannot wait inside table.sort");
  assert_cannot_wait("assert(load(function() wechat.sleep(0) end))", "inside load");
  assert_cannot_wait("table.sort({ 2, 1 }, function() pcall(function() wechat.sleep(0) end) "
                     "wechat.sleep(0) end)",
                     "inside table.sort");
  assert_cannot_wait(
      "table.sort({ 2, 1 }, function() coroutine.wrap(function() wechat.sleep(0) end)() end)",
      "inside table.sort");
  write_file("waits.lua", "wechat.sleep(0)");
  assert_cannot_wait("require 'waits'", "inside require");
}

static void test_a_yield_at_the_foot_of_a_task_raises_clearly(void **state) {
  load("function on_message(msg) coroutine.yield(1) end");
  assert_answer("x", TASK_FAILED, "");
  assert_logged("coroutine.yield outside of a coroutine that the script created");
}

static void test_scripts_cannot_resume_or_close_what_waits(void **state) {
  load("local base, inner\n"
       "function on_message(msg)\n"
       "  if msg.content == 'wait' then\n"
       "    base = coroutine.running()\n"
       "    inner = coroutine.create(function() wechat.sleep(0.1) return 'done' end)\n"
       "    return select(2, coroutine.resume(inner))\n"
       "  end\n"
       "  local a, b = coroutine.resume(base) local c, d = coroutine.resume(inner)\n"
       "  local e = pcall(coroutine.close, base) local f = pcall(coroutine.close, inner)\n"
       "  return table.concat({ tostring(a), b, tostring(c), d, tostring(e), tostring(f) }, ';')\n"
       "end");
  Heard answer;
  answer_init(&answer);
  send_text(&answer, "wait");
  assert_answer("meddle", TASK_RETURNED,
                "false;cannot resume a coroutine that waits for wechat;false;cannot resume a "
                "coroutine that waits for wechat;"
                "false;false");
  assert_true(answer_wait(&answer, 3000));
  assert_string_equal(answer.reply, "done");
  answer_clear(&answer);
}

static void test_a_spawned_function_runs_beside_its_caller(void **state) {
  load("done = ''\n"
       "function on_message(msg)\n"
       "  if msg.content == 'ask' then return done end\n"
       "  wechat.spawn(function(a, b) wechat.sleep(0.02) done = a .. b .. "
       "wechat.get_message().content end, 'x', 'y')\n"
       "  return 'at once'\nend");
  assert_answer("z", TASK_RETURNED, "at once");
  usleep(200000);
  assert_answer("ask", TASK_RETURNED, "xyz");
}

static void test_the_error_of_a_spawned_function_is_logged(void **state) {
  load("function on_message(msg) wechat.spawn(function() wechat.sleep(0) error('lost?') end) "
       "return 'ok' end");
  assert_answer("z", TASK_RETURNED, "ok");
  usleep(100000);
  assert_logged("a spawned function failed");
  assert_logged("bot.lua:1: lost?");
}

static void test_a_task_is_ended_after_its_time_and_its_variables_closed(void **state) {
  world.options.job_timeout_ms = 100;
  world.options.error_reply = STR("sorry");
  load("closed = 'no'\n"
       "function on_message(msg)\n"
       "  if msg.content == 'ask' then return closed end\n"
       "  local x <close> = setmetatable({}, { __close = function() closed = 'yes' end })\n"
       "  wechat.sleep(10)\nend");
  int64_t began_us = clock_now_us();
  assert_answer("z", TASK_CANCELLED, "sorry");
  assert_true(clock_now_us() - began_us < 2000000);
  assert_logged("on_message was ended after job_timeout_s while it waited in wechat.sleep");
  assert_answer("ask", TASK_RETURNED, "yes");
}

static void test_every_ticks_until_it_is_stopped(void **state) {
  load("count = 0\nlocal timer\ntimer = wechat.every(0.01, function() count = count + 1 if count "
       "== 2 then error('tick 2') end if count == 5 then timer:stop() end end)\n"
       "function on_message(msg) return tostring(count) end");
  usleep(400000);
  assert_answer("x", TASK_RETURNED, "5");
  assert_logged("a timer's function failed");
  assert_logged("tick 2");
}

static void test_timers_begin_with_service_and_end_with_it(void **state) {
  write_file("bot.lua", "count = 0 wechat.every('10ms', function() count = count + 1 end) function "
                        "on_message(msg) return tostring(count) end");
  world.in = interpreter_new(&world.options, &world.err);
  assert_true(interpreter_load(world.in, world.script, &world.err));
  usleep(60000);
  assert_answer("x", TASK_RETURNED, "0");
  assert_true(interpreter_start(world.in, STR(""), &world.err));
  usleep(100000);
  interpreter_retire(world.in);
  usleep(30000);
  Heard first, second;
  answer_init(&first);
  answer_init(&second);
  send_text(&first, "x");
  usleep(50000);
  send_text(&second, "x");
  assert_string_not_equal(first.reply, "0");
  assert_string_equal(first.reply, second.reply);
  answer_clear(&first);
  answer_clear(&second);
}

static void test_a_tick_under_way_lets_the_next_pass(void **state) {
  load("now, most = 0, 0 wechat.every(0.01, function() now = now + 1 most = math.max(now, most) "
       "wechat.sleep(0.05) now = now - 1 end)\n"
       "function on_message(msg) return tostring(most) end");
  usleep(300000);
  assert_answer("x", TASK_RETURNED, "1");
}

static void test_faulty_intervals_and_lines_are_refused(void **state) {
  static const char *const faulty[] = {
    "wechat.every(0, print)", "wechat.every('ten', print)", "wechat.every('10x', print)",
    "wechat.every(1)",        "wechat.cron('x', print)",    "wechat.cron('0 0 30 2 *', print)",
    "wechat.sleep(-1)",       "wechat.sleep('x')",          "wechat.spawn(5)",
    "wechat.sleep(0/0)"
  };
  for (size_t i = 0; i < sizeof faulty / sizeof faulty[0]; i++) {
    char code[256];
    snprintf(code, sizeof code, "%s\nfunction on_message() end", faulty[i]);
    if (try_load(code)) fail_msg("accepted: %s", faulty[i]);
    if (!strstr(world.err.text, "bot.lua:1:"))
      fail_msg("%s: no place in '%s'", faulty[i], world.err.text);
  }
}

static void test_loading_may_wait(void **state) {
  load("wechat.sleep(0.02) local ready function on_load() wechat.sleep(0.02) ready = 'ready' end "
       "function on_message() return ready end");
  assert_answer("x", TASK_RETURNED, "ready");
}

static void test_release_ends_what_waits_for_nobody(void **state) {
  load("function on_message(msg)\n"
       "  wechat.spawn(function()\n"
       "    local closed <close> = setmetatable({}, {__close = function() "
       "wechat.log.info('closed') end})\n"
       "    wechat.log.info('begun')\n"
       "    coroutine.wrap(function() wechat.sleep(100) end)()\n"
       "  end)\n"
       "end");
  for (int i = 0; i < 5; i++) assert_answer("x", TASK_RETURNED, "");
  for (int i = 0; i < 400 && times_logged("begun") < 5; i++) usleep(5000);
  interpreter_release(world.in);
  world.in = NULL;
  assert_int_equal(times_logged("closed"), 5);
}

static void test_a_message_that_waits_keeps_its_interpreter(void **state) {
  Heard answer;
  answer_init(&answer);
  load("function on_message(msg) wechat.sleep(0.1) return 'kept' end");
  assert_int_equal(send_text(&answer, "x"), TASK_WAITING);
  interpreter_release(world.in);
  world.in = NULL;
  assert_true(answer_wait(&answer, 5000));
  assert_int_equal(answer.state, TASK_RETURNED);
  assert_string_equal(answer.reply, "kept");
  usleep(20000);
  answer_clear(&answer);
}

static void *send_many(void *arg) {
  for (int i = 0; i < 200; i++) {
    Heard answer;
    answer_init(&answer);
    const char *text = i % 10 == 0 ? "nap" : i % 31 == 0 ? "fail" : "quick";
    if (send_text(&answer, text) == TASK_LOST || !answer_wait(&answer, 20000)) *(int *)arg += 1;
    pthread_mutex_lock(&answer.mutex);
    if (strcmp(answer.reply, text) != 0) *(int *)arg += 1;
    pthread_mutex_unlock(&answer.mutex);
    answer_clear(&answer);
  }
  return NULL;
}

static void test_many_threads_share_one_interpreter(void **state) {
  world.options.cpu_us_max = 5000000;
  load("wechat.every(0.002, function() wechat.sleep(0.001) end)\n"
       "function on_message(msg)\n"
       "  if msg.content == 'nap' then wechat.spawn(function() wechat.sleep(0.001) end) "
       "wechat.sleep(0.002) end\n"
       "  if msg.content == 'fail' then error('x') end\n"
       "  return msg.content\nend\n"
       "function on_error(err, msg) return msg.content end");
  pthread_t threads[8];
  int wrong[8] = { 0 };
  for (int i = 0; i < 8; i++) pthread_create(&threads[i], NULL, send_many, &wrong[i]);
  for (int i = 0; i < 8; i++) pthread_join(threads[i], NULL);
  for (int i = 0; i < 8; i++) assert_int_equal(wrong[i], 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_open, world_close)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_a_sleeping_script_goes_on_and_answers),
    TEST(test_others_are_answered_while_one_sleeps),
    TEST(test_each_task_keeps_its_own_message_while_it_waits),
    TEST(test_waiting_works_in_pcall_iterators_metamethods_and_coroutines),
    TEST(test_where_lua_cannot_suspend_the_function_in_the_way_is_named),
    TEST(test_a_yield_at_the_foot_of_a_task_raises_clearly),
    TEST(test_scripts_cannot_resume_or_close_what_waits),
    TEST(test_a_spawned_function_runs_beside_its_caller),
    TEST(test_the_error_of_a_spawned_function_is_logged),
    TEST(test_a_task_is_ended_after_its_time_and_its_variables_closed),
    TEST(test_every_ticks_until_it_is_stopped),
    TEST(test_timers_begin_with_service_and_end_with_it),
    TEST(test_a_tick_under_way_lets_the_next_pass),
    TEST(test_faulty_intervals_and_lines_are_refused),
    TEST(test_loading_may_wait),
    TEST(test_release_ends_what_waits_for_nobody),
    TEST(test_a_message_that_waits_keeps_its_interpreter),
    TEST(test_many_threads_share_one_interpreter),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
