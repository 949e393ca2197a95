// wechat.sleep, wechat.every and wechat.cron, as scripts call them.
#include "host_world.h"

static void test_sleeping_takes_its_time_and_lets_others_run(void **state) {
  load("function on_message(msg) if msg.content == 'slow' then wechat.sleep(0.05) end return "
       "msg.content end");
  assert_answers_meanwhile();
}

static void test_no_time_that_was_never_meant_is_slept(void **state) {
  assert_holds("fails('wechat.sleep', wechat.sleep, -1) fails('wechat.sleep', wechat.sleep, 'x') "
               "fails('wechat.sleep', wechat.sleep, 0 / 0)");
}

static void test_a_timer_is_given_back_and_can_be_stopped(void **state) {
  load("local t = wechat.every(3600, function() end) t:stop() t:stop()\n"
       "wechat.cron('0 8 * * mon', function() end)\n"
       "function on_message(msg) return 'ok' end");
  assert_answer("hi", TASK_RETURNED, "ok");
}

static void test_a_wrong_interval_or_line_of_crontab_is_named(void **state) {
  assert_false(try_load("wechat.every('soon', function() end)"));
  assert_non_null(strstr(world.err.text, "wechat.every"));
  assert_false(try_load("wechat.cron('61 * * * *', function() end)"));
  assert_non_null(strstr(world.err.text, "minute"));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, world_open, world_close)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_sleeping_takes_its_time_and_lets_others_run),
    TEST(test_no_time_that_was_never_meant_is_slept),
    TEST(test_a_timer_is_given_back_and_can_be_stopped),
    TEST(test_a_wrong_interval_or_line_of_crontab_is_named),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
