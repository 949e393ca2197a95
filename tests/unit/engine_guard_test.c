// engine/guard: a slice is stopped when its CPU time is used up.
#include "engine_world.h"

#include "engine/timers.h"

#include "engine/engine_inner.h"
#include "engine/guard.h"

static void test_a_quick_slice_goes_on(void **state) {
  assert_true(guard_goes_on(L));
  run_lua("for i = 1, 100000 do end");
  assert_true(guard_goes_on(L));
}

static void test_an_endless_loop_is_stopped(void **state) {
  assert_task_fails("while true do end", "stopped after 200 ms of CPU time");
}

static void test_no_pcall_of_the_script_keeps_the_end(void **state) {
  assert_task_fails("while true do pcall(function() while true do end end) end", "script_cpu_ms");
}

static void test_the_next_slice_has_its_whole_time_again(void **state) {
  assert_task_fails("while true do end", "script_cpu_ms");
  assert_task_gives("return 'fine'", "fine");
}

static void test_without_a_limit_nothing_is_stopped(void **state) {
  end(state);
  open_engine(&(EngineOptions){ .library = "lib" });
  assert_task_gives("local t = os.clock() while os.clock() - t < 0.3 do end return 'done'", "done");
}

static int l_has_hook(lua_State *co) {
  lua_pushboolean(co, lua_gethook(co) != NULL);
  return 1;
}

// The hook costs each instruction of Lua.
static void assert_hooks(const char *wanted) {
  lua_register(L, "has_hook", l_has_hook);
  assert_task_gives("return tostring(has_hook()) .. ' ' .. tostring(coroutine.wrap(has_hook)())",
                    wanted);
}

static void test_trusted_code_runs_without_a_hook(void **state) {
  assert_hooks("true true");
  end(state);
  open_engine(&(EngineOptions){ .library = "lib", .trusted = true });
  assert_hooks("false false");
}

static void test_an_interrupted_engine_stops(void **state) {
  engine_interrupt(engine);
  assert_false(guard_goes_on(L));
  assert_int_equal(engine->slice.end, SLICE_INTERRUPTED);
}

static void test_the_place_last_seen_is_the_entry_until_a_better_one_is_known(void **state) {
  char place[PLACE_SIZE];
  engine_set_entry(engine, "bot.lua:1");
  guard_last_place(&engine->slice, place, sizeof place);
  assert_string_equal(place, "bot.lua:1");
  engine_set_place(engine, "bot.lua:9");
  guard_last_place(&engine->slice, place, sizeof place);
  assert_string_equal(place, "bot.lua:9");
  engine_leave(engine);
  assert_true(engine_enter(engine, INT64_MAX));  // a new slice does not have the old slice's place
  guard_last_place(&engine->slice, place, sizeof place);
  assert_string_equal(place, "bot.lua:1");
}

static bool is_long_slice_reported(const char *own_chunks) {
  end(NULL);
  open_engine(
      &(EngineOptions){ .library = "lib", .cpu_us_max = 10 * 1000000, .own_chunks = own_chunks });
  run_lua("local began = os.clock() while os.clock() - began < 0.15 do end");
  return engine->slice.warned;
}

static void test_a_long_slice_is_reported_if_it_has_a_place_in_a_script(void **state) {
  assert_true(is_long_slice_reported(NULL));
  assert_false(is_long_slice_reported("code"));  // run_lua's name of the chunk
}

static Timer cannot_wait, later;
static int calls;

static void come_again(Engine *of, void *ctx) {
  timer_add(of, ctx, clock_now_us() + TIMER_SOON_US);
}

static void count(Engine *of, void *ctx) { calls += ctx == &cannot_wait; }

static void test_a_long_slice_calls_the_timers_that_cannot_wait(void **state) {
  cannot_wait = (Timer){ .fn = come_again, .in_slice = count, .ctx = &cannot_wait };
  later = (Timer){ .fn = come_again, .in_slice = count, .ctx = &later };
  assert_true(timer_add(engine, &cannot_wait, clock_now_us()));
  assert_true(timer_add(engine, &later, clock_now_us() + 3600000000));
  assert_task_fails("while true do end", "stopped after 200 ms of CPU time");
  assert_int_equal(calls, 1);
  assert_true(timer_remove(engine, &later));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_a_quick_slice_goes_on),
    TEST(test_an_endless_loop_is_stopped),
    TEST(test_a_long_slice_calls_the_timers_that_cannot_wait),
    TEST(test_no_pcall_of_the_script_keeps_the_end),
    TEST(test_the_next_slice_has_its_whole_time_again),
    TEST(test_without_a_limit_nothing_is_stopped),
    TEST(test_trusted_code_runs_without_a_hook),
    TEST(test_an_interrupted_engine_stops),
    TEST(test_a_long_slice_is_reported_if_it_has_a_place_in_a_script),
    TEST(test_the_place_last_seen_is_the_entry_until_a_better_one_is_known),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
