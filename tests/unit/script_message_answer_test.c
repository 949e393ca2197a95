// A script's result becomes the answer, and is passed to the caller or the owner, or sent as a late reply.
#include "script_world.h"

static const char late_function[] =
    "local late = ''\n"
    "wechat.on_late(function(reply, msg, is_rest)\n"
    "  late = late .. '[' .. tostring(reply) .. (is_rest and ' rest' or '') .. ']'\n"
    "end)\n";

static void load_late(const char *on_message) {
  char code[1024];
  snprintf(code, sizeof code,
           "%sfunction on_message(msg)\n"
           "  if msg.content == 'late' then return late end\n%s end",
           late_function, on_message);
  load(code);
}

static bool none_under_way(void) { return atomic_load(&world.shared.late_under_way) == 0; }

static void assert_late(const char *wanted) {
  assert_true(wait_for(none_under_way));
  world_message = (MessageTask){ .sender = world_message.sender };
  assert_answer("late", TASK_RETURNED, wanted);
}

static bool is_late(void *owner, const Answer *answer) { return true; }

static void test_nothing_and_a_string_are_answers(void **state) {
  load("function on_message(msg) return msg.content == 'text' and 'yes' or nil end");
  assert_answer("text", TASK_RETURNED, "yes");
  assert_answer("x", TASK_RETURNED, "");
}

static void test_another_value_is_complained_of_with_the_functions_place(void **state) {
  load("\nfunction on_message(msg) return true end");
  assert_answer("x", TASK_RETURNED, "");
  assert_logged("bot.lua:2: on_message returned a value of type boolean");
  assert_int_equal(world.shared.errors, 1);
}

static void
test_another_value_is_complained_of_with_the_place_of_the_function_behind_it(void **state) {
  load("\nlocal function rule() end\nfunction on_message(msg) return 42, rule end");
  assert_answer("x", TASK_RETURNED, "");
  assert_logged("bot.lua:2: this function returned a value of type number");
}

static void test_a_failed_script_gives_the_configured_reply(void **state) {
  world.options.error_reply = STR("Sorry");
  load("function on_message(msg) error('no') end");
  assert_answer("x", TASK_FAILED, "Sorry");
  load("function on_message(msg) error('no') end function on_error() return 'mine' end");
  assert_answer("x", TASK_FAILED, "mine");
}

static char failed_openid[40], failed_error[200];

static void on_failure(void *ctx, Str openid, Str error) {
  snprintf(failed_openid, sizeof failed_openid, "%.*s", STR_FMT(openid));
  snprintf(failed_error, sizeof failed_error, "%.*s", STR_FMT(error));
}

static void test_a_failure_is_told_with_its_user_and_place(void **state) {
  world.options.on_failure = on_failure;
  load("\nfunction on_message(msg) error('no') end");
  assert_answer("x", TASK_FAILED, "");
  assert_string_equal(failed_openid, "openid-1");
  assert_non_null(strstr(failed_error, "bot.lua:2: no"));
}

static void test_an_answer_that_comes_too_late_goes_out_by_itself(void **state) {
  world_message.late = is_late;
  load_late("return 'slow'");
  assert_answer("x", TASK_RETURNED, "slow");
  assert_late("[slow]");
}

static void test_the_rest_of_a_long_text_goes_out_behind_the_answer(void **state) {
  load_late("return ('a'):rep(2048) .. ' tail'");
  Heard heard;
  answer_init(&heard);
  send_text(&heard, "x");
  assert_int_equal(strlen(heard.reply), 2048);
  answer_clear(&heard);
  assert_late("[ tail rest]");
}

static void test_what_was_said_is_the_answer_before_what_is_returned(void **state) {
  Said said = { 0 };
  world_message.said = &said;
  load_late("wechat.say('One. ', { items = {} }) return 'Two.'");
  assert_answer("x", TASK_RETURNED, "One. Two.");
  assert_false(said_left(&said));
  said_clear(&said);
  assert_late("");
}

static void test_what_was_said_before_a_failure_is_still_the_answer(void **state) {
  Said said = { 0 };
  world_message.said = &said;
  load_late("wechat.say('One.', { items = {} }) error('no')");
  assert_answer("x", TASK_FAILED, "One.");
  said_clear(&said);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, world_open_shared, world_close)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_nothing_and_a_string_are_answers),
    TEST(test_another_value_is_complained_of_with_the_functions_place),
    TEST(test_another_value_is_complained_of_with_the_place_of_the_function_behind_it),
    TEST(test_a_failed_script_gives_the_configured_reply),
    TEST(test_a_failure_is_told_with_its_user_and_place),
    TEST(test_an_answer_that_comes_too_late_goes_out_by_itself),
    TEST(test_the_rest_of_a_long_text_goes_out_behind_the_answer),
    TEST(test_what_was_said_is_the_answer_before_what_is_returned),
    TEST(test_what_was_said_before_a_failure_is_still_the_answer),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
