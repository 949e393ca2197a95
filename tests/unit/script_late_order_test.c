// One user's late answers are sent in the order of the user's messages.
#include "script_world.h"

static LateOrder *order;
static LatePlace *second;

// Waits until `second` is its user's first place.
static int l_await(lua_State *L) {
  Wait *wait = wait_begin(L, "a place");
  if (!late_order_await(second, wait)) return wait_suspend(L, wait, NULL, NULL);
  wait_abort(wait);
  return 0;
}

static int set_up(void **state) {
  static const luaL_Reg functions[] = { { "await", l_await }, { NULL, NULL } };
  world_functions = functions;
  order = late_order_new(NULL, STR(""), NULL);
  return world_open(state);
}

static int tear_down(void **state) {
  int result = world_close(state);
  late_order_free(order);
  return result;
}

static bool waits(Heard *heard) {
  load("function on_message() wechat.await() return 'first' end");
  answer_init(heard);
  return send_text(heard, "x") == TASK_WAITING;
}

static void assert_goes_on(Heard *heard) {
  assert_true(answer_wait(heard, 5000));
  assert_string_equal(heard->reply, "first");
  answer_clear(heard);
}

// Asserts that the message of `second` waits until `first` is left.
static void assert_waits_for(LatePlace *first) {
  Heard heard;
  assert_true(waits(&heard));
  usleep(20000);
  assert_false(heard.done);
  late_order_leave(first, false);
  assert_goes_on(&heard);
  late_order_leave(second, false);
}

static void test_the_second_waits_until_the_first_has_left(void **state) {
  LatePlace *first = late_order_enter(order, STR("user"), STR("m"));
  second = late_order_enter(order, STR("user"), STR("m"));
  assert_waits_for(first);
}

static void test_another_users_place_is_not_waited_for(void **state) {
  LatePlace *other = late_order_enter(order, STR("other"), STR("m"));
  Heard heard;
  second = late_order_enter(order, STR("user"), STR("m"));
  assert_false(waits(&heard));
  assert_goes_on(&heard);
  late_order_leave(other, false);
  late_order_leave(second, false);
}

static void test_a_place_that_is_held_twice_is_left_twice(void **state) {
  LatePlace *first = late_order_enter(order, STR("user"), STR("m"));
  second = late_order_enter(order, STR("user"), STR("m"));
  assert_ptr_equal(late_order_hold(first), first);
  late_order_leave(first, false);
  assert_waits_for(first);
}

static void test_a_place_between_two_others_may_be_left_first(void **state) {
  LatePlace *first = late_order_enter(order, STR("user"), STR("m"));
  LatePlace *middle = late_order_enter(order, STR("user"), STR("m"));
  Heard heard;
  second = late_order_enter(order, STR("user"), STR("m"));
  late_order_leave(middle, false);
  assert_true(waits(&heard));
  late_order_leave(first, false);
  assert_goes_on(&heard);
  late_order_leave(second, false);
}

static void test_null_is_left_and_held_without_effect(void **state) {
  assert_null(late_order_hold(NULL));
  late_order_leave(NULL, false);
  late_order_free(NULL);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_the_second_waits_until_the_first_has_left),
    TEST(test_another_users_place_is_not_waited_for),
    TEST(test_a_place_that_is_held_twice_is_left_twice),
    TEST(test_a_place_between_two_others_may_be_left_first),
    TEST(test_null_is_left_and_held_without_effect),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
