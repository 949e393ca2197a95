// wechat.session: a user's table, written to the store when the job ends.
#include "host_world.h"

static void test_it_is_kept_until_the_users_next_message(void **state) {
  load("function on_message(msg) local s = wechat.session(msg.source) s.n = (s.n or 0) + 1 return "
       "'n ' .. s.n end");
  assert_answer("a", TASK_RETURNED, "n 1");
  assert_answer("b", TASK_RETURNED, "n 2");
}

static void test_each_user_has_one(void **state) {
  load("function on_message(msg) wechat.session('other').n = 7 return "
       "tostring(wechat.session(msg.source).n) end");
  assert_answer("a", TASK_RETURNED, "nil");
}

static void test_a_job_that_fails_keeps_what_it_wrote(void **state) {
  load("function on_message(msg) local s = wechat.session(msg.source)\n"
       "  if msg.content == 'fail' then s.n = 5 error('no') end return tostring(s.n) end");
  assert_answer("fail", TASK_FAILED, "");
  assert_answer("look", TASK_RETURNED, "5");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, world_open_store, world_close)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_it_is_kept_until_the_users_next_message),
    TEST(test_each_user_has_one),
    TEST(test_a_job_that_fails_keeps_what_it_wrote),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
