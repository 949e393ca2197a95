// The table of conversations.
#include "script/conversation_inner.h"
#include "script_asking.h"

static bool fits(const Conversation *conversation, const void *ctx) { return *(const bool *)ctx; }

static void test_only_the_users_own_message_is_taken(void **state) {
  ask("x");
  assert_null(conversations_take(world.shared.conversations, STR("openid-2"), false, NULL));
  Interpreter *in = conversations_find(world.shared.conversations, STR("openid-1"), false);
  assert_ptr_equal(in, world.in);
  interpreter_release(in);
  assert_int_equal(open_conversations(), 1);
}

static void test_an_event_is_taken_only_if_the_script_asked_for_events(void **state) {
  ask("x");
  assert_null(conversations_find(world.shared.conversations, STR("openid-1"), true));
  conversations_end_all(world.shared.conversations);
  ask("events");
  Interpreter *in = conversations_find(world.shared.conversations, STR("openid-1"), true);
  assert_non_null(in);
  interpreter_release(in);
}

static void test_of_two_conversations_the_newest_gets_the_message(void **state) {
  load("function on_message(msg)\n"
       "  local first = msg.content\n"
       "  return first .. wechat.ask('?').content\n"
       "end");
  assert_answer("old ", TASK_RETURNED, "?");
  assert_answer("new ", TASK_RETURNED, "?");
  assert_answer_through(run_conversation, "1", TASK_RETURNED, "new 1");
  assert_answer_through(run_conversation, "2", TASK_RETURNED, "old 2");
}

static void test_the_oldest_of_an_interpreter_is_taken_with_their_number(void **state) {
  size_t count;
  load("function on_message(msg) return msg.content .. wechat.ask('?').content end");
  assert_null(conversations_take_oldest(world.shared.conversations, world.in, &count));
  assert_int_equal(count, 0);
  assert_answer("old ", TASK_RETURNED, "?");
  assert_answer("new ", TASK_RETURNED, "?");
  Conversation *oldest = conversations_take_oldest(world.shared.conversations, world.in, &count);
  assert_int_equal(count, 2);
  assert_answer_through(run_conversation, "1", TASK_RETURNED, "new 1");
  conversation_add(oldest);
  assert_answer_through(run_conversation, "2", TASK_RETURNED, "old 2");
}

static void test_one_caller_takes_a_conversation_out(void **state) {
  ask("x");
  Conversation *taken = conversations_take_where(world.shared.conversations, fits, &(bool){ true });
  assert_non_null(taken);
  assert_false(conversation_take_out(taken));
  conversation_add(taken);
  assert_null(conversations_take_where(world.shared.conversations, fits, &(bool){ false }));
  assert_true(conversation_take_out(taken));
  conversation_add(taken);
}

static void test_the_cut_off_ones_are_handed_out_once(void **state) {
  ask("x");
  Conversation *taken =
      conversations_take(world.shared.conversations, STR("openid-1"), false, NULL);
  conversation_cut_off(taken);
  assert_ptr_equal(conversations_cut_off(world.shared.conversations), taken);
  assert_null(conversations_cut_off(world.shared.conversations));
  conversation_cut_off(taken);
}

static bool is_busy(bool is_event) {
  bool busy;
  Conversation *taken =
      conversations_take(world.shared.conversations, STR("openid-1"), is_event, &busy);
  assert_null(taken);
  return busy;
}

static void test_a_user_is_busy_while_the_conversation_is_out_of_the_table(void **state) {
  bool busy;
  ask("x");
  Conversation *taken =
      conversations_take(world.shared.conversations, STR("openid-1"), false, &busy);
  assert_non_null(taken);
  assert_false(busy);
  assert_true(is_busy(false));
  assert_false(is_busy(true));
  conversation_add(taken);
  assert_ptr_equal(conversations_take(world.shared.conversations, STR("openid-1"), false, &busy),
                   taken);
  conversation_cut_off(taken);
  assert_false(is_busy(false));
}

static void test_a_user_of_a_script_that_works_is_busy_until_it_ends(void **state) {
  Heard heard;
  load("function on_message(msg)\n"
       "  local answer = wechat.ask('?', nil, true)\n"
       "  wechat.sleep(0.05)\n"
       "  return answer.content\n"
       "end");
  assert_answer("x", TASK_RETURNED, "?");
  answer_init(&heard);
  assert_int_equal(send_through(run_conversation, world.in, &heard, "1", 5000000), TASK_WAITING);
  assert_true(is_busy(false) && is_busy(true));
  assert_true(answer_wait(&heard, 5000));
  assert_string_equal(heard.reply, "1");
  assert_false(is_busy(false));
  answer_clear(&heard);
}

static void test_a_mark_counts_until_it_is_freed_or_its_interpreter_given_up(void **state) {
  load(asking);
  BusyUser *mark = busy_user_new(world.in, STR("openid-1"), false);
  assert_true(is_busy(false));
  assert_false(is_busy(true));
  busy_user_free(mark);
  assert_false(is_busy(false));
  mark = busy_user_new(world.in, STR("openid-1"), false);
  interpreter_give_up(world.in);
  assert_false(is_busy(false));
  busy_user_free(mark);
  busy_user_free(NULL);
}

static bool count_to_two(void *ctx, Conversation *conversation) { return ++*(int *)ctx < 2; }

static void test_each_one_is_visited_until_the_visitor_has_enough(void **state) {
  int visited = 0;
  load(asking);
  for (int i = 0; i < 3; i++) assert_answer("x", TASK_RETURNED, "Which size?");
  conversations_each(world.shared.conversations, count_to_two, &visited);
  assert_int_equal(visited, 2);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, open_in_memory, world_close)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_only_the_users_own_message_is_taken),
    TEST(test_an_event_is_taken_only_if_the_script_asked_for_events),
    TEST(test_of_two_conversations_the_newest_gets_the_message),
    TEST(test_the_oldest_of_an_interpreter_is_taken_with_their_number),
    TEST(test_one_caller_takes_a_conversation_out),
    TEST(test_the_cut_off_ones_are_handed_out_once),
    TEST(test_a_user_is_busy_while_the_conversation_is_out_of_the_table),
    TEST(test_a_user_of_a_script_that_works_is_busy_until_it_ends),
    TEST(test_a_mark_counts_until_it_is_freed_or_its_interpreter_given_up),
    TEST(test_each_one_is_visited_until_the_visitor_has_enough),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
