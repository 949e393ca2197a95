// wechat.log: the script's lines in wemoon's log, with the place of the call.
#include "host_world.h"

static void test_a_line_has_its_level_its_place_and_all_values(void **state) {
  load("\nfunction on_message(msg)\n  wechat.log.info('seen', 7, true, nil, { a = 1 })\n  return "
       "'ok'\nend");
  assert_answer("hi", TASK_RETURNED, "ok");
  assert_logged("info");
  assert_logged("bot.lua:3: seen 7 true nil {\"a\":1}");
}

static void test_warnings_and_errors_are_told_apart(void **state) {
  load("function on_message(msg) wechat.log.warn('careful') wechat.log.error('broken') return 'ok' "
       "end");
  assert_answer("hi", TASK_RETURNED, "ok");
  assert_logged("warn");
  assert_logged("bot.lua:1: careful");
  assert_logged("error");
  assert_logged("bot.lua:1: broken");
}

static void test_what_is_below_the_level_is_not_written(void **state) {
  load("function on_message(msg) wechat.log.debug('quiet') return 'ok' end");
  assert_answer("hi", TASK_RETURNED, "ok");
  assert_not_logged("quiet");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, world_open, world_close)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_a_line_has_its_level_its_place_and_all_values),
    TEST(test_warnings_and_errors_are_told_apart),
    TEST(test_what_is_below_the_level_is_not_written),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
