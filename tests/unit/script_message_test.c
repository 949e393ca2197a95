// The task of a message: runs on_message, and on_error after a failure.
#include "script_world.h"

static void test_on_message_gets_the_message_and_answers_it(void **state) {
  load("function on_message(msg) return msg.source .. ': ' .. msg.content end");
  assert_answer("hello", TASK_RETURNED, "openid-1: hello");
}

static void test_a_script_that_waits_answers_through_its_owner(void **state) {
  load("function on_message(msg) wechat.sleep(0.01) return 'awake' end");
  Heard heard;
  answer_init(&heard);
  assert_int_equal(send_text(&heard, "x"), TASK_WAITING);
  assert_true(answer_wait(&heard, 5000));
  assert_string_equal(heard.reply, "awake");
  answer_clear(&heard);
}

static void test_on_error_answers_for_on_message(void **state) {
  load("function on_message() error({ why = 'no' }) end\n"
       "function on_error(err, msg) return err.why .. ' ' .. msg.content end");
  assert_answer("x", TASK_FAILED, "no x");
}

static void test_an_on_error_that_fails_too_answers_nothing(void **state) {
  load("function on_message() error('one') end\nfunction on_error() error('two') end");
  assert_answer("x", TASK_FAILED, "");
  assert_logged("one");
  assert_logged("two");
}

static void test_a_script_over_its_cpu_time_is_told_to_on_error_as_a_text(void **state) {
  load("function on_message() while true do end end\n"
       "function on_error(err) return type(err) .. (err:find('stopped after 300 ms', 1, true) and "
       "' told' or err) end");
  assert_answer("x", TASK_OVER_CPU, "string told");
}

static int l_call(lua_State *L) {
  context_count_call(L);
  return 0;
}

static void test_calls_of_the_platform_are_counted_for_the_message_alone(void **state) {
  static const luaL_Reg functions[] = { { "call", l_call }, { NULL, NULL } };
  atomic_int calls = 0;
  world_functions = functions;
  world_message.api_calls = &calls;
  load("wechat.call()\nfunction on_message(msg) wechat.call() wechat.call() end");
  world_functions = NULL;
  assert_answer("x", TASK_RETURNED, "");
  assert_int_equal(calls, 2);
}

static void test_the_time_when_the_script_began_is_told(void **state) {
  int64_t begun_us = 0, before_us = clock_now_us();
  world_message.begun_us = &begun_us;
  load("function on_message(msg) end");
  assert_answer("x", TASK_RETURNED, "");
  assert_true(begun_us >= before_us && begun_us <= clock_now_us());
}

static atomic_int overs;
static void count_over(void *owner) { overs++; }

static void test_the_owner_is_let_go_of_once_and_only_by_a_script_that_waited(void **state) {
  overs = 0;
  world_message.over = count_over;
  load("function on_message(msg) if msg.content == 'wait' then wechat.sleep(0.01) end end");
  assert_answer("x", TASK_RETURNED, "");
  assert_int_equal(overs, 0);
  assert_answer("wait", TASK_RETURNED, "");
  for (int i = 0; i < 400 && overs == 0; i++) usleep(5000);
  assert_int_equal(overs, 1);
}

static void test_an_interpreter_that_was_given_up_runs_nothing(void **state) {
  load("function on_message(msg) return 'no' end");
  interpreter_give_up(world.in);
  Heard heard;
  answer_init(&heard);
  assert_int_equal(send_text(&heard, "x"), TASK_LOST);
  assert_false(heard.done);
  answer_clear(&heard);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, world_open, world_close)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_on_message_gets_the_message_and_answers_it),
    TEST(test_a_script_that_waits_answers_through_its_owner),
    TEST(test_on_error_answers_for_on_message),
    TEST(test_an_on_error_that_fails_too_answers_nothing),
    TEST(test_a_script_over_its_cpu_time_is_told_to_on_error_as_a_text),
    TEST(test_calls_of_the_platform_are_counted_for_the_message_alone),
    TEST(test_the_time_when_the_script_began_is_told),
    TEST(test_the_owner_is_let_go_of_once_and_only_by_a_script_that_waited),
    TEST(test_an_interpreter_that_was_given_up_runs_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
