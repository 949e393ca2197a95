// If a conversation cannot continue because the script has changed, on_lost or on_message gets the user's message.
#include "script_world.h"

#include <unistd.h>

static const char before[] = "function on_message(msg)\n"
                             "  return wechat.ask('Which size?').content\n"
                             "end";

static void test_on_lost_gets_the_message_and_the_question_that_was_lost(void **state) {
  load(before);
  assert_answer("x", TASK_RETURNED, "Which size?");
  world_restart(
      "function on_message(msg) return tostring(os.time()) end\n"
      "function on_lost(msg, lost)\n"
      "  local age = os.time() - lost.since\n"
      "  return msg.content .. '|' .. lost.question .. '|' .. lost.place:match '[^/]*$' ..\n"
      "    '|' .. tostring(age >= 0 and age < 60)\n"
      "end");
  assert_answer_through(interpreter_answer, "large", TASK_RETURNED,
                        "large|Which size?|bot.lua:2|true");
  assert_logged(
      "the script changed, so the conversation with openid-1 ended: it now calls os.time");
  assert_logged("the user's message goes to on_lost, or as a new one to on_message");
}

static void test_a_script_that_did_not_change_is_told_from_one_that_did(void **state) {
  char code[300];
  snprintf(code, sizeof code,
           "function on_message(msg)\n"
           "  if io.open('%s/flag') then os.time() end\n"
           "  return wechat.ask('Which size?').content\n"
           "end",
           world.folder);
  load(code);
  write_file("flag", "there");
  assert_answer("x", TASK_RETURNED, "Which size?");
  char flag[300];
  snprintf(flag, sizeof flag, "%s/flag", world.folder);
  assert_int_equal(unlink(flag), 0);
  world_restart(code);
  assert_answer_through(interpreter_answer, "large", TASK_RETURNED, "Which size?");
  assert_logged("the script is the same but took another way, so the conversation with openid-1 "
                "ended: it now calls wechat.ask at");
  assert_logged("where it called os.time at");
  assert_logged("wechat.once keeps a value");
}

static void test_without_on_lost_on_message_gets_the_message(void **state) {
  load(before);
  assert_answer("x", TASK_RETURNED, "Which size?");
  world_restart("function on_message(msg) os.time() return 'new: ' .. msg.content end");
  assert_answer_through(interpreter_answer, "large", TASK_RETURNED, "new: large");
}

static void test_a_lost_conversation_has_left_the_store(void **state) {
  load(before);
  assert_answer("x", TASK_RETURNED, "Which size?");
  world_restart("function on_message(msg) os.time() return 'new' end");
  assert_answer_through(interpreter_answer, "large", TASK_RETURNED, "new");
  StoreCall call = { .op = STORE_GET, .key = STR("asked/gh_1/openid-1") };
  StoreReply *reply = store_call_wait(world.store, &call, NULL);
  assert_non_null(reply);
  assert_false(reply->ok);
  store_reply_free(reply);
}

static void test_a_script_that_changed_elsewhere_goes_on(void **state) {
  load(before);
  assert_answer("x", TASK_RETURNED, "Which size?");
  world_restart("function on_lost() return 'lost' end\n"
                "function on_message(msg)\n"
                "  return 'now ' .. wechat.ask('Which size?').content\n"
                "end");
  assert_answer_through(interpreter_answer, "large", TASK_RETURNED, "now large");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, world_open_shared, world_close)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_on_lost_gets_the_message_and_the_question_that_was_lost),
    TEST(test_a_script_that_did_not_change_is_told_from_one_that_did),
    TEST(test_without_on_lost_on_message_gets_the_message),
    TEST(test_a_lost_conversation_has_left_the_store),
    TEST(test_a_script_that_changed_elsewhere_goes_on),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
