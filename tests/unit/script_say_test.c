// wechat.say: parts of an answer from a script to its message.
#include "script_world.h"

static Said said;

static int set_up(void **state) {
  if (world_open_shared(state) != 0) return -1;
  said = (Said){ 0 };
  world_message.said = &said;
  return 0;
}

static int tear_down(void **state) {
  said_clear(&said);
  return world_close(state);
}

static void assert_says(const char *code, const char *answer) {
  char script[512];
  snprintf(script, sizeof script, "function on_message(msg) %s end", code);
  load(script);
  assert_answer("x", TASK_RETURNED, answer);
}

static void test_it_tells_whether_parts_go_out_or_are_lost(void **state) {
  static const struct {
    SaidState state;
    const char *told;
  } cases[] = { { SAID_WAITS, "false false" },
                { SAID_SENDS, "true false" },
                { SAID_DROPS, "false true" } };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    said_clear(&said);
    atomic_store(&said.state, cases[i].state);
    load("function on_message(msg)\n"
         "  local sends, drops = wechat.saying()\n"
         "  told = tostring(sends) .. ' ' .. tostring(drops)\n"
         "end\n"
         "function on_unload() return told end");
    Heard heard;
    Buf json;
    char wanted[40];
    buf_init(&json);
    answer_init(&heard);
    send_text(&heard, "x");
    interpreter_unload(world.in, &json);
    snprintf(wanted, sizeof wanted, "\"%s\"", cases[i].told);
    assert_string_equal(json.ptr, wanted);
    answer_clear(&heard);
    buf_clear(&json);
  }
}

static void test_the_parts_are_the_answer(void **state) {
  assert_says("wechat.say('One. ', { items = {} }) wechat.say('Two.', { items = {} })",
              "One. Two.");
}

static void test_a_part_that_is_no_reply_is_named_by_its_type(void **state) {
  assert_says("local ok, why = pcall(wechat.say, 5 > 4)\n"
              "return tostring(why:find('wechat.say: part is a boolean', 1, true) ~= nil)",
              "true");
}

static void test_without_a_message_it_raises(void **state) {
  load("local ok, why = pcall(wechat.say, 'x')\n"
       "function on_message() return why:match('wechat.say: no message is being answered') end");
  world_message.said = NULL;
  assert_answer("x", TASK_RETURNED, "wechat.say: no message is being answered");
}

static void test_what_was_said_is_not_said_again_by_a_run_from_its_record(void **state) {
  const char *script = "function on_message(msg)\n"
                       "  wechat.say('Wait. ', { items = {} })\n"
                       "  return 'so ' .. wechat.ask('Which?').content\n"
                       "end";
  load(script);
  assert_answer("x", TASK_RETURNED, "Wait. Which?");
  world_restart(script);
  said_clear(&said);
  assert_answer_through(interpreter_answer, "large", TASK_RETURNED, "so large");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_it_tells_whether_parts_go_out_or_are_lost),
    TEST(test_the_parts_are_the_answer),
    TEST(test_a_part_that_is_no_reply_is_named_by_its_type),
    TEST(test_without_a_message_it_raises),
    TEST(test_what_was_said_is_not_said_again_by_a_run_from_its_record),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
