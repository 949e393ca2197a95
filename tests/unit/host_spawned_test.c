// host/spawned: spawned tasks and gates as Lua values.
#include <lauxlib.h>
#include <stdbool.h>

#include "host/host.h"

// The n-th calloc from now on fails; 0: none. The linker replaces calloc by the function below.
static _Thread_local int fails_at;
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

void *__wrap_calloc(size_t count, size_t size) {
  return fails_at > 0 && --fails_at == 0 ? NULL : __real_calloc(count, size);
}

static int l_fail_at(lua_State *L) {
  fails_at = (int)luaL_checkinteger(L, 1);
  return 0;
}

static lua_Alloc allocate;
static long left = -1;

static void *allocate_while_left(void *ctx, void *block, size_t old_size, size_t new_size) {
  bool grows = new_size && (!block || new_size > old_size);
  if (grows && left == 0) return NULL;
  if (grows && left > 0) left--;
  return allocate(ctx, block, old_size, new_size);
}

// leave(n): the state can allocate n times; -1: always.
static int l_leave(lua_State *L) {
  void *ctx;
  lua_Alloc now = lua_getallocf(L, &ctx);
  if (now != allocate_while_left) allocate = now;
  lua_setallocf(L, allocate_while_left, ctx);
  left = (long)luaL_checkinteger(L, 1);
  return 0;
}

static int world_open_host(lua_State *L) {
  host_open(L);
  lua_pushvalue(L, -1);
  lua_setglobal(L, "host");
  lua_register(L, "fail_at", l_fail_at);
  lua_register(L, "leave", l_leave);
  return 1;
}

#define WORLD_HOST world_open_host
#include "world.h"

static void test_join_waits_for_the_end_and_says_how_it_ended(void **state) {
  assert_holds("local t = host.time.spawn(function() wechat.sleep(0.01) end) "
               "is(t:join(), 'returned') is(t:join(), 'returned') "
               "is(host.time.spawn(function() error('no') end):join(), 'failed')");
}

static void test_join_gives_nil_after_its_time(void **state) {
  assert_holds("local t = host.time.spawn(function() wechat.sleep(1) end) "
               "is(t:join(0.01), nil) is(t:cancel(), true) is(t:join(), 'cancelled')");
}

static void test_a_task_that_has_ended_cannot_be_cancelled(void **state) {
  assert_holds("local t = host.time.spawn(function() end) t:join() is(t:cancel(), false)");
}

static void test_a_task_can_neither_join_nor_cancel_itself(void **state) {
  assert_holds("local t, why1, why2 t = host.time.spawn(function() wechat.sleep(0) "
               "why1 = select(2, pcall(t.join, t)) why2 = select(2, pcall(t.cancel, t)) end) "
               "t:join() "
               "is(find(why1, 'it would wait for ever', 1, true) ~= nil, true) "
               "is(find(why2, 'return from its function instead', 1, true) ~= nil, true)");
}

static void test_a_gate_lets_as_many_in_as_it_has_room_for(void **state) {
  assert_holds("local gate = host.time.gate(1) local one, two = gate:pass(), gate:pass() "
               "is(gate:enter(one), true) is(gate:enter(two, 0.01), nil) "
               "one:leave() is(gate:enter(two, 1), true)");
}

static void test_the_end_of_a_task_gives_its_pass_back(void **state) {
  assert_holds("local gate = host.time.gate(1) "
               "local t = host.time.spawn(function() gate:enter(gate:pass()) end) t:join() "
               "is(gate:enter(gate:pass(), 1), true)");
}

static void test_numbers_out_of_range_are_refused(void **state) {
  assert_holds("fails('n must be 1 to 1000000', host.time.gate, 0) "
               "fails('timeout_s is', function() "
               "local gate = host.time.gate(1) gate:enter(gate:pass(), -1) end)");
}

// Spawns while the n-th allocation fails, 20 times for each n, until none is left to fail. A coroutine that stays takes
// over a KB. `busy`: so many tasks are under way; with over 64 none is kept to be used again.
static void assert_leaves_nothing(int busy, const char *shorten) {
  char code[1500];
  snprintf(code, sizeof code,
           "local function used() for _ = 1, 3 do collectgarbage() end "
           "return collectgarbage('count') end "
           "local busy, failed, n, good, task = {}, 0, 0 "
           "for i = 1, %d do busy[i] = host.time.spawn(wechat.sleep, 60) end "
           "local before = used() "
           "repeat for i = 1, 20 do good = pcall(function() %s "
           "task = host.time.spawn(wechat.sleep, 0) end) leave(-1) fail_at(0) "
           "if good then break end failed = failed + 1 end n = n + 1 until good "
           "local grown = used() - before task:join() "
           "for _, task in ipairs(busy) do task:cancel() end "
           "if failed < 20 or grown > 6 then error(failed .. ' failed, ' .. grown .. ' KB') end",
           busy, shorten);
  assert_holds(code);
}

static void test_a_task_that_gets_no_lua_memory_leaves_nothing(void **state) {
  assert_leaves_nothing(0, "leave(n)");
  assert_leaves_nothing(70, "leave(n)");
}

static void test_a_task_that_gets_no_memory_leaves_nothing(void **state) {
  assert_leaves_nothing(0, "fail_at(n + 1)");
  assert_leaves_nothing(70, "fail_at(n + 1)");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, world_open, world_close)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_join_waits_for_the_end_and_says_how_it_ended),
    TEST(test_join_gives_nil_after_its_time),
    TEST(test_a_task_that_has_ended_cannot_be_cancelled),
    TEST(test_a_task_can_neither_join_nor_cancel_itself),
    TEST(test_a_gate_lets_as_many_in_as_it_has_room_for),
    TEST(test_the_end_of_a_task_gives_its_pass_back),
    TEST(test_numbers_out_of_range_are_refused),
    TEST(test_a_task_that_gets_no_lua_memory_leaves_nothing),
    TEST(test_a_task_that_gets_no_memory_leaves_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
