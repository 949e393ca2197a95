// host/spawned: spawned tasks and gates as Lua values.
#define HOST_IS_GLOBAL
#include "host_world.h"

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
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
