// engine/gate: a fixed number of tasks get through at once, the others in the order in which they came.
#include "engine_world.h"

#include "engine/gate.h"

#include <unistd.h>

static Gate *gate;

static int l_passed(lua_State *co, void *of) {
  lua_pushboolean(co, true);
  return 1;
}

static int l_late(lua_State *co, void *of) {
  lua_pushboolean(co, false);
  return 1;
}

static int l_enter(lua_State *co) {
  int64_t ms = luaL_optinteger(co, 1, 60000);
  return gate_enter(co, gate, "enter", clock_now_us() + ms * 1000, l_passed, l_late);
}

static int l_leave(lua_State *co) {
  gate_leave(gate);
  return 0;
}

static void open_gate(int passes) {
  gate = gate_new(passes);
  assert_true(engine_start_thread(engine, NULL));
  lua_register(L, "enter", l_enter);
  lua_register(L, "leave", l_leave);
  lua_register(L, "sleep", l_sleep);
  run_lua("heard = ''");
}

static void start_code(const char *code) {
  static const TaskBody body = { .prepare = prepare_code, .results = 0, .doing = "code" };
  task_start(task_new(engine, &body, (void *)code));
}

static void assert_heard(const char *wanted) {
  engine_leave(engine);
  for (int i = 0; i < 1000 && engine_tasks(engine) > 0; i++) usleep(2000);
  assert_true(engine_enter(engine, INT64_MAX));
  run_lua("return heard");
  assert_string_equal(lua_tostring(L, -1), wanted);
  gate_release(gate);
}

static void test_who_finds_a_pass_goes_through(void **state) {
  open_gate(1);
  start_code("if enter() then heard = heard .. 'a' end leave()");
  start_code("if enter() then heard = heard .. 'b' end leave()");
  assert_heard("ab");
}

static void test_the_others_wait_and_come_in_their_order(void **state) {
  open_gate(1);
  start_code("enter() sleep(10) heard = heard .. 'a' leave()");
  start_code("enter() heard = heard .. 'b' leave()");
  start_code("enter() heard = heard .. 'c' leave()");
  assert_heard("abc");
}

static void test_who_waits_too_long_is_told_so(void **state) {
  open_gate(1);
  start_code("enter() sleep(80) leave()");
  start_code("if not enter(10) then heard = heard .. 'late' end");
  assert_heard("late");
}

static void test_a_pass_that_was_taken_without_one_is_waited_for(void **state) {
  open_gate(1);
  gate_take(gate);
  gate_take(gate);
  start_code("enter() heard = heard .. 'a' leave()");
  start_code("sleep(20) heard = heard .. 'one ' leave() sleep(20) heard = heard .. 'two ' leave()");
  assert_heard("one two a");
}

static void test_without_passes_all_wait_until_it_is_opened(void **state) {
  open_gate(0);
  start_code("enter() heard = heard .. 'a'");
  start_code("enter() heard = heard .. 'b'");
  assert_int_equal(engine_tasks(engine), 2);
  assert_false(gate_is_open(gate));
  gate_open(gate);
  assert_true(gate_is_open(gate));
  assert_heard("ab");
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_who_finds_a_pass_goes_through),
    TEST(test_the_others_wait_and_come_in_their_order),
    TEST(test_who_waits_too_long_is_told_so),
    TEST(test_a_pass_that_was_taken_without_one_is_waited_for),
    TEST(test_without_passes_all_wait_until_it_is_opened),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
