// script/forget: what is under way for a user who is forgotten ends without another word.
#include "script_world.h"

#include "script/forget.h"
#include "script/inner.h"

static Heard heard;

static void begin_to_wait(const char *content) {
  load("local closed = 0\n"
       "function on_message(msg)\n"
       "  if msg.content == 'closed' then return tostring(closed) end\n"
       "  local _ <close> = setmetatable({}, { __close = function() closed = closed + 1 end })\n"
       "  if msg.content == 'ask' then wechat.ask('?') end\n"
       "  wechat.sleep(60)\n"
       "  return 'late'\n"
       "end");
  answer_init(&heard);
  send_text(&heard, content);
}

static void test_a_script_that_waits_ends_with_success_and_closes_its_variables(void **state) {
  begin_to_wait("go");
  forget_user_soon(world.in, STR("openid-1"));
  assert_true(answer_wait(&heard, 5000));
  assert_int_equal(heard.state, TASK_CANCELLED);
  assert_string_equal(heard.reply, "");
  assert_answer("closed", TASK_RETURNED, "1");
  answer_clear(&heard);
}

static void test_another_users_script_goes_on(void **state) {
  begin_to_wait("go");
  forget_user_soon(world.in, STR("openid-2"));
  assert_false(answer_wait(&heard, 100));
  forget_user_soon(world.in, STR("openid-1"));
  assert_true(answer_wait(&heard, 5000));
  answer_clear(&heard);
}

static void test_who_told_the_others_is_known_by_the_number(void **state) {
  load("function on_message() end");
  assert_false(forget_is_own(&world.shared, 5, world.in));
  forget_note_own(&world.shared, 5, world.in->engine);
  assert_true(forget_is_own(&world.shared, 5, world.in));
  assert_false(forget_is_own(&world.shared, 5 + OWN_FORGETS, world.in));
}

#define IN_WORLD(name) cmocka_unit_test_setup_teardown(name, world_open_shared, world_close)

int main(void) {
  const struct CMUnitTest tests[] = {
    IN_WORLD(test_a_script_that_waits_ends_with_success_and_closes_its_variables),
    IN_WORLD(test_another_users_script_goes_on),
    IN_WORLD(test_who_told_the_others_is_known_by_the_number),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
