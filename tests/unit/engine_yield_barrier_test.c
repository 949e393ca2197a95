// engine/yield_barrier: a method that cannot wait names what prevents it.
#include "engine_world.h"

#include "engine/lua_helpers.h"

static int l_call(lua_State *co) {
  lua_call(co, 0, 0);
  return 0;
}

static int called(lua_State *co, int status, lua_KContext context) { return 0; }

static int l_pass(lua_State *co) {
  lua_callk(co, 0, 0, 0, called);
  return called(co, LUA_OK, 0);
}

static int set_up(void **state) {
  begin(state);
  lua_register(L, "sleep", l_sleep);
  lua_register(L, "call", l_call);
  lua_register(L, "pass", l_pass);
  return 0;
}

static void test_a_function_of_a_library_is_named(void **state) {
  assert_task_fails("table.sort({ 2, 1 }, function(a, b) sleep(1) return a < b end)",
                    "cannot wait inside table.sort");
}

static void test_another_c_function_is_named_by_its_call(void **state) {
  assert_task_fails("call(function() sleep(1) end)", "cannot wait inside call");
  assert_task_fails("call(coroutine.wrap(function() sleep(1) end))", "cannot wait inside call");
}

// The coroutine that waits has room for few values on its stack.
static void test_pcalls_around_the_coroutine_that_waits_take_no_room_on_its_stack(void **state) {
  assert_task_fails("local function nest(n)\n"
                    "  if n == 0 then return coroutine.wrap(function() sleep(1) end)() end\n"
                    "  local _, why = pcall(nest, n - 1)\n"
                    "  error(why, 0)\n"
                    "end\n"
                    "call(function() nest(150) end)",
                    "cannot wait inside call");
}

static void test_in_a_finalizer_there_is_no_name(void **state) {
  assert_task_fails("setmetatable({}, { __gc = function() ok, why = pcall(sleep, 1) end }) "
                    "collectgarbage() error(why)",
                    "cannot wait");
}

static void test_one_that_passes_yields_is_not_named(void **state) {
  pass_yields(L, l_pass);
  assert_task_fails("call(function() pass(function() sleep(1) end) end)",
                    "cannot wait inside call");
  assert_task_gives("pass(function() sleep(1) end) return 'passed'", "passed");
}

#undef TEST
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, end)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_a_function_of_a_library_is_named),
    TEST(test_another_c_function_is_named_by_its_call),
    TEST(test_pcalls_around_the_coroutine_that_waits_take_no_room_on_its_stack),
    TEST(test_in_a_finalizer_there_is_no_name),
    TEST(test_one_that_passes_yields_is_not_named),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
