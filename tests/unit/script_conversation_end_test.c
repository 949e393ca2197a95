// The end of conversations from outside.
#include "script_asking.h"

static void test_the_end_of_a_user_ends_the_wait_with_the_reason(void **state) {
  ask("x");
  conversations_end_user(world.shared.conversations, STR("openid-2"), "unsubscribed");
  assert_int_equal(open_conversations(), 1);
  conversations_end_user(world.shared.conversations, STR("openid-1"), "unsubscribed");
  assert_true(was_seen("unsubscribed"));
  conversations_sweep(world.shared.conversations);
}

static void test_too_many_interpreters_out_of_service_lose_theirs(void **state) {
  ask("x");
  conversations_limit_old(world.shared.conversations, 0);  // the interpreter is in service
  assert_int_equal(open_conversations(), 1);
  interpreter_retire(world.in);
  conversations_limit_old(world.shared.conversations, 1);
  assert_int_equal(open_conversations(), 1);
  conversations_limit_old(world.shared.conversations, 0);
  assert_true(was_seen("reload"));
}

static void test_short_of_memory_the_oldest_ends_and_the_script_is_told(void **state) {
  load(asking);
  for (int i = 0; i < 3; i++) assert_answer("x", TASK_RETURNED, "Which size?");
  ConversationsGone gone = conversations_make_room(world.shared.conversations, world.in);
  assert_int_equal(gone.ended, 1);
  assert_int_equal(open_conversations(), 2);
  assert_true(was_seen("memory"));
  assert_logged(
      "the conversation was ended: script_memory_mb is used up, and no store can hold it");
}

static void test_the_end_by_hand_says_whether_there_was_one(void **state) {
  load(asking);
  assert_false(conversations_end(&world.shared, STR("openid-1"), "ended"));
  ask("x");
  assert_true(conversations_end(&world.shared, STR("openid-1"), "ended"));
  assert_true(was_seen("ended"));
}

static void test_short_of_memory_those_in_the_store_leave_memory_alone(void **state) {
  load(asking);
  assert_answer("x", TASK_RETURNED, "Which size?");
  ConversationsGone gone = conversations_make_room(world.shared.conversations, world.in);
  assert_int_equal(gone.left, 1);
  assert_int_equal(gone.ended, 0);
  assert_true(none_open());
  assert_answer_through(interpreter_answer, "large", TASK_RETURNED, "so: large");
}

static void test_of_a_user_those_that_are_in_memory_alone_end(void **state) {
  ask("x");
  conversations_end_unkept(world.shared.conversations, STR("openid-2"), "forgotten");
  assert_int_equal(open_conversations(), 1);
  conversations_end_unkept(world.shared.conversations, STR("openid-1"), "forgotten");
  assert_true(was_seen("forgotten"));
}

static void test_of_a_user_those_that_are_in_the_store_stay(void **state) {
  load(asking);
  assert_answer("x", TASK_RETURNED, "Which size?");
  conversations_end_unkept(world.shared.conversations, STR("openid-1"), "forgotten");
  assert_answer_through(run_conversation, "large", TASK_RETURNED, "so: large");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, open_in_memory, world_close)
#define TEST_KEPT(test) cmocka_unit_test_setup_teardown(test, world_open_shared, world_close)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_the_end_of_a_user_ends_the_wait_with_the_reason),
    TEST(test_of_a_user_those_that_are_in_memory_alone_end),
    TEST_KEPT(test_of_a_user_those_that_are_in_the_store_stay),
    TEST(test_too_many_interpreters_out_of_service_lose_theirs),
    TEST(test_short_of_memory_the_oldest_ends_and_the_script_is_told),
    TEST(test_the_end_by_hand_says_whether_there_was_one),
    TEST_KEPT(test_short_of_memory_those_in_the_store_leave_memory_alone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
