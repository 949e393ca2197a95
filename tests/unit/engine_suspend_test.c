// engine/suspend: the running task is suspended, and goes on with its result.
#include "engine_world.h"

static int l_refuse(lua_State *co) {
  wait_abort(wait_begin(co, "lib.refuse"));
  lua_pushstring(co, "refused");
  return 1;
}

static int push_two(lua_State *co, void *data) {
  lua_pushstring(co, data);
  lua_pushinteger(co, 2);
  return 2;
}

static int l_receive(lua_State *co) {
  Wait *wait = wait_begin(co, "lib.receive");
  assert_ptr_equal(wait_task(wait), task_running(co));
  wait_finish(wait, push_two, NULL, "at once");
  return wait_suspend(co, wait, NULL, NULL);
}

static void test_a_wait_that_could_not_begin_is_taken_back(void **state) {
  lua_register(L, "refuse", l_refuse);
  assert_task_gives("return refuse() .. refuse()", "refusedrefused");
}

static void test_a_result_that_is_there_already_is_given(void **state) {
  lua_register(L, "receive", l_receive);
  assert_task_gives("local a, b = receive() return a .. b", "at once2");
}

static void test_outside_a_task_it_raises(void **state) {
  lua_register(L, "receive", l_receive);
  assert_raises("receive()", "lib.receive can only be called while the script runs");
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_a_wait_that_could_not_begin_is_taken_back),
    TEST(test_a_result_that_is_there_already_is_given),
    TEST(test_outside_a_task_it_raises),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
