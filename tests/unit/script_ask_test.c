// wechat.ask.
#include "script/kept_run.h"
#include "script_world.h"

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

static void test_a_question_is_in_the_store_before_it_is_asked(void **state) {
  load("function on_message(msg) return wechat.ask('Which size?').content end");
  assert_answer("x", TASK_RETURNED, "Which size?");
  StoreCall call = { .op = STORE_GET, .key = STR("asked/gh_1/openid-1") };
  StoreReply *reply = store_call_wait(world.store, &call, NULL);
  KeptRun run;
  assert_true(reply->ok && kept_read(reply->value, &run));
  assert_true(str_eq(run.question, STR("Which size?")) && run.state == KEPT_ASKS);
  store_reply_free(reply);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, world_open_shared, world_close)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_asking_without_a_message_to_answer_raises),
    TEST(test_a_question_that_is_no_reply_raises),
    TEST(test_a_question_is_in_the_store_before_it_is_asked),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
