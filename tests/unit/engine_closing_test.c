// engine/closing: closes the <close> variables of coroutines that will not be resumed. For tasks: host_closing_test.c.
#include "engine_world.h"

static int set_up(void **state) {
  begin(state);
  lua_register(L, "sleep", l_sleep);
  return 0;
}

static void test_those_of_an_inner_coroutine_are_closed_with_its_task(void **state) {
  assert_task_fails(
      "coroutine.wrap(function()\n"
      "  local a <close> = setmetatable({}, { __close = function() closed = 'a' end })\n"
      "  local b <close> = setmetatable({}, { __close = function() error('b') end })\n"
      "  while true do end\n"
      "end)()",
      "script_cpu_ms");
  assert_true_in_lua("closed == 'a'");
}

static void test_a_wait_in_there_cannot_be(void **state) {
  assert_task_fails(
      "coroutine.wrap(function()\n"
      "  local a <close> = setmetatable({}, { __close = function() closed = true end })\n"
      "  local b <close> = setmetatable({}, { __close = function() sleep(1) waited = true end })\n"
      "  while true do end\n"
      "end)()",
      "script_cpu_ms");
  assert_true_in_lua("closed, rawget(_G, 'waited') == nil");
}

#undef TEST
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, end)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_those_of_an_inner_coroutine_are_closed_with_its_task),
    TEST(test_a_wait_in_there_cannot_be),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
