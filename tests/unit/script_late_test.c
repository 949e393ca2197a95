// Late replies: each is sent in its own task.
#include "script_world.h"

static bool is_late(void *owner, const Answer *answer) { return true; }
static bool none_under_way(void) { return atomic_load(&world.shared.late_under_way) == 0; }

static char lost[20];
static void count_lost(void *ctx, Str reason) {
  snprintf(lost, sizeof lost, "%.*s", STR_FMT(reason));
}

static int set_up(void **state) {
  if (world_open_shared(state) != 0) return -1;
  world_message.late = is_late;
  world.shared.lost = count_lost;
  lost[0] = '\0';
  return 0;
}

// Asserts the arguments with which the function of the Lua half was called.
static void assert_sent(const char *wanted) {
  assert_true(wait_for(none_under_way));
  world_message.late = NULL;
  assert_answer("sent", TASK_RETURNED, wanted);
}

#define SEND                                                                                       \
  "local sent = ''\n"                                                                              \
  "wechat.on_late(function(reply, msg, is_rest)\n"                                                 \
  "  wechat.sleep(msg.content == 'one' and 0.05 or 0)\n"                                           \
  "  wechat.turn()\n"                                                                              \
  "  sent = sent .. reply .. '|' .. msg.content .. '|' .. tostring(is_rest) .. ' '\n"              \
  "end)\n"

static void test_the_function_gets_the_reply_and_its_message(void **state) {
  load(SEND "function on_message(msg)\n"
            "  return msg.content == 'sent' and sent or 'to ' .. msg.content\n"
            "end");
  assert_answer("x", TASK_RETURNED, "to x");
  assert_sent("to x|x|false ");
}

static void test_a_reply_waits_for_the_users_earlier_ones(void **state) {
  load(SEND "function on_message(msg)\n"
            "  return msg.content == 'sent' and sent or msg.content\n"
            "end");
  assert_answer("one", TASK_RETURNED, "one");
  assert_answer("two", TASK_RETURNED, "two");
  assert_sent("one|one|false two|two|false ");
}

static void test_the_configured_reply_of_a_failed_script_is_sent_too(void **state) {
  world.options.error_reply = STR("Sorry");
  load(SEND "function on_message(msg)\n"
            "  if msg.content == 'sent' then return sent end\n"
            "  error('no')\n"
            "end");
  assert_answer("x", TASK_FAILED, "Sorry");
  assert_sent("Sorry|x|false ");
}

static void test_a_failing_function_is_logged_and_over(void **state) {
  load("wechat.on_late(function() error('no way') end)\n"
       "function on_message(msg) return 'x' end");
  assert_answer("x", TASK_RETURNED, "x");
  assert_true(wait_for(none_under_way));
  assert_logged("a late reply failed");
  assert_logged("no way");
}

static void test_what_is_under_way_is_counted_until_it_is_out(void **state) {
  load("wechat.on_late(function() wechat.sleep(0.05) end)\n"
       "function on_message(msg) return 'x' end");
  assert_answer("x", TASK_RETURNED, "x");
  assert_int_equal(world.shared.late_under_way, 1);
  assert_true(wait_for(none_under_way));
  assert_string_equal(lost, "");
}

static void test_parts_are_delivered_before_the_scripts_end(void **state) {
  Said said = { 0 };
  world_message = (MessageTask){ .said = &said, .sender = STR("openid-1") };
  load("local sent = ''\n"
       "wechat.on_late(function(reply)\n"
       "  sent = reply.items[1] .. '|' .. wechat.taken()\n"
       "end)\n"
       "function on_message(msg)\n"
       "  if msg.content == 'sent' then return sent end\n"
       "  wechat.say('One.', { items = { 'One.' } })\n"
       "  wechat.deliver()\n"
       "  wechat.sleep(0.02)\n"
       "  return sent\n"
       "end");
  atomic_store(&said.state, SAID_SENDS);
  Heard heard;
  answer_init(&heard);
  send_text(&heard, "x");
  assert_true(answer_wait(&heard, 5000));
  assert_true(wait_for(none_under_way));
  answer_clear(&heard);
  world_message.said = NULL;
  assert_answer("sent", TASK_RETURNED, "One.|0");
  said_clear(&said);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, world_close)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_the_function_gets_the_reply_and_its_message),
    TEST(test_a_reply_waits_for_the_users_earlier_ones),
    TEST(test_the_configured_reply_of_a_failed_script_is_sent_too),
    TEST(test_a_failing_function_is_logged_and_over),
    TEST(test_what_is_under_way_is_counted_until_it_is_out),
    TEST(test_parts_are_delivered_before_the_scripts_end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
