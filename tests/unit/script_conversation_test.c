// Scripts that wait for a user's next message.
#include "script_world.h"

static const char asking[] =
    "function on_message(msg)\n"
    "  if msg.content == 'seen' then return tostring(seen) end\n"
    "  local answer, why = wechat.ask('Which size?', msg.content == 'soon' and 0.02 or nil,\n"
    "                                 msg.content == 'events')\n"
    "  seen = answer and (answer.content or answer.event) or why\n"
    "  return 'so: ' .. seen\n"
    "end";

static size_t open_conversations(void) { return conversations_count(world.shared.conversations); }
static bool none_open(void) { return open_conversations() == 0; }

static bool was_seen(const char *what) {
  for (int i = 0; i < 400; i++) {
    Heard heard;
    answer_init(&heard);
    send_text(&heard, "seen");
    bool seen = strcmp(heard.reply, what) == 0;
    answer_clear(&heard);
    if (seen) return true;
    usleep(5000);
  }
  return false;
}

static void ask(const char *content) {
  load(asking);
  assert_answer(content, TASK_RETURNED, "Which size?");
  assert_int_equal(open_conversations(), 1);
}

// Without a Keep, so that conversations are only in memory.
static int set_up(void **state) {
  if (world_open_shared(state) != 0) return -1;
  keep_free(world.shared.keep);
  world.shared.keep = NULL;
  return 0;
}

static void test_the_question_is_the_answer_and_the_next_message_goes_to_the_script(void **state) {
  ask("x");
  assert_answer_through(run_conversation, "large", TASK_RETURNED, "so: large");
  assert_int_equal(open_conversations(), 0);
  assert_null(conversations_take(world.shared.conversations, STR("openid-1"), false));
}

static void test_only_the_users_own_message_is_taken(void **state) {
  ask("x");
  assert_null(conversations_take(world.shared.conversations, STR("openid-2"), false));
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

static void test_a_script_may_ask_again(void **state) {
  load("function on_message(msg)\n"
       "  return wechat.ask('one?').content .. wechat.ask('two?').content\n"
       "end");
  assert_answer("x", TASK_RETURNED, "one?");
  assert_answer_through(run_conversation, "1", TASK_RETURNED, "two?");
  assert_answer_through(run_conversation, "2", TASK_RETURNED, "12");
}

static void test_after_its_time_ask_gives_nil_and_timeout(void **state) {
  ask("soon");
  assert_true(wait_for(none_open));
  assert_true(was_seen("timeout"));
}

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

static void test_asking_without_a_message_to_answer_raises(void **state) {
  load("local ok, why = pcall(wechat.ask, 'x')\nfunction on_message() return why end");
  Heard heard;
  answer_init(&heard);
  send_text(&heard, "x");
  assert_non_null(strstr(heard.reply, "wechat.ask: there is no message to answer here"));
  answer_clear(&heard);
}

static void test_a_question_that_is_no_reply_raises(void **state) {
  load("function on_message()\n"
       "  return select(2, pcall(wechat.ask, 5 > 4))\n"
       "end");
  Heard heard;
  answer_init(&heard);
  send_text(&heard, "x");
  assert_non_null(strstr(heard.reply, "question is a boolean"));
  answer_clear(&heard);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, world_close)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_the_question_is_the_answer_and_the_next_message_goes_to_the_script),
    TEST(test_only_the_users_own_message_is_taken),
    TEST(test_an_event_is_taken_only_if_the_script_asked_for_events),
    TEST(test_of_two_conversations_the_newest_gets_the_message),
    TEST(test_a_script_may_ask_again),
    TEST(test_after_its_time_ask_gives_nil_and_timeout),
    TEST(test_the_end_of_a_user_ends_the_wait_with_the_reason),
    TEST(test_too_many_interpreters_out_of_service_lose_theirs),
    TEST(test_asking_without_a_message_to_answer_raises),
    TEST(test_a_question_that_is_no_reply_raises),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
