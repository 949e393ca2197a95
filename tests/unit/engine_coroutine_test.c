// engine/coroutine: Lua's coroutines under the guard, with waits inside them.
#include "engine_world.h"

static void test_they_work_as_in_lua(void **state) {
  run_lua(
      "local co = coroutine.create(function(a) local b = coroutine.yield(a + 1) return b * 2 end)\n"
      "local _, first = coroutine.resume(co, 1)\n"
      "local _, second = coroutine.resume(co, 5)\n"
      "return first == 2, second == 10, coroutine.status(co) == 'dead'");
  for (int i = 1; i <= 3; i++) assert_true(lua_toboolean(L, i));
}

static void test_an_error_inside_ends_the_coroutine_alone(void **state) {
  assert_true_in_lua(
      "select('#', coroutine.resume(coroutine.create(function() error('no') end))) == 2, "
      "coroutine.resume(coroutine.create(function() error('no') end)) == false");
  assert_raises("coroutine.wrap(function() error('no', 0) end)()", "no");
}

static void test_a_closed_one_runs_its_close_variables(void **state) {
  run_lua("local closed = false\n"
          "local co = coroutine.create(function()\n"
          "  local kept <close> = setmetatable({}, { __close = function() closed = true end })\n"
          "  coroutine.yield()\n"
          "end)\n"
          "coroutine.resume(co)\n"
          "return coroutine.close(co), closed");
  assert_true(lua_toboolean(L, 1));
  assert_true(lua_toboolean(L, 2));
}

static void test_a_wait_passes_through_a_coroutine_of_the_scripts_own(void **state) {
  lua_register(L, "sleep", l_sleep);
  assert_task_gives("local co = coroutine.wrap(function() sleep(1) return 'awake' end) return co()",
                    "awake");
}

static void test_one_that_waits_is_not_resumed_by_another(void **state) {
  lua_register(L, "sleep", l_sleep);
  assert_task_gives("local co = coroutine.create(function() coroutine.yield('first') sleep(1) "
                    "return 'second' end)\n"
                    "local _, a = coroutine.resume(co)\n"
                    "local _, b = coroutine.resume(co)\n"
                    "return a .. ' ' .. b",
                    "first second");
}

static void test_an_endless_one_is_stopped_as_any_slice(void **state) {
  assert_task_fails("coroutine.wrap(function() while true do end end)()", "script_cpu_ms");
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_they_work_as_in_lua),
    TEST(test_an_error_inside_ends_the_coroutine_alone),
    TEST(test_a_closed_one_runs_its_close_variables),
    TEST(test_a_wait_passes_through_a_coroutine_of_the_scripts_own),
    TEST(test_one_that_waits_is_not_resumed_by_another),
    TEST(test_an_endless_one_is_stopped_as_any_slice),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
