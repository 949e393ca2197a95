// script/cancel: ends work for a user, and sends nothing more: all work, or the work for earlier messages.
#include "script_world.h"

#include "script/cancel.h"
#include "script/inner.h"

static Heard heard;

static const TaskRank FIRST = { .made_s = 100, .arrived_us = 7 },
                      SECOND = { .made_s = 100, .arrived_us = 8 },
                      THIRD = { .made_s = 101, .arrived_us = 5 };

static void begin_to_wait(const char *content) {
  load("local closed = 0\n"
       "function on_message(msg)\n"
       "  if msg.content == 'closed' then return tostring(closed) end\n"
       "  local _ <close> = setmetatable({}, { __close = function()\n"
       "    if msg.content == 'close slowly' then wechat.sleep(0.01) end\n"
       "    closed = closed + 1\n"
       "  end })\n"
       "  if msg.content == 'ask' then wechat.ask('?', nil, false) end\n"
       "  while true do pcall(wechat.sleep, 60) end\n"
       "end");
  answer_init(&heard);
  send_text(&heard, content);
}

static bool has_closed(void) {
  Heard closed;
  answer_init(&closed);
  send_text(&closed, "closed");
  bool once = answer_wait(&closed, 5000) && strcmp(closed.reply, "1") == 0;
  answer_clear(&closed);
  return once;
}

static void cancel_all_of(const char *openid) {
  cancel_elsewhere(&world.shared, NULL, &(Cancel){ .openid = str_of(openid), .all = true });
}

static void cancel_before(TaskRank rank) {
  cancel_elsewhere(&world.shared, NULL, &(Cancel){ .openid = STR("openid-1"), .before = rank });
}

static void test_a_script_that_waits_ends_with_success_and_closes_its_variables(void **state) {
  begin_to_wait("go");
  cancel_all_of("openid-1");
  assert_true(answer_wait(&heard, 5000));
  assert_int_equal(heard.state, TASK_CANCELLED);
  assert_string_equal(heard.reply, "");
  assert_true(wait_for(has_closed));
  answer_clear(&heard);
}

static void test_what_it_closes_may_wait(void **state) {
  begin_to_wait("close slowly");
  cancel_all_of("openid-1");
  assert_true(answer_wait(&heard, 5000));
  assert_int_equal(heard.state, TASK_CANCELLED);
  assert_true(wait_for(has_closed));
  answer_clear(&heard);
}

static void test_another_users_script_goes_on(void **state) {
  begin_to_wait("go");
  cancel_all_of("openid-2");
  assert_false(answer_wait(&heard, 100));
  cancel_all_of("openid-1");
  assert_true(answer_wait(&heard, 5000));
  answer_clear(&heard);
}

static void test_the_script_of_the_message_that_cancels_goes_on(void **state) {
  Cancel cancel = { .openid = STR("openid-1"), .all = true, .identity = STR("own") };
  world_message.identity = STR("own");
  begin_to_wait("go");
  cancel_elsewhere(&world.shared, NULL, &cancel);
  assert_false(answer_wait(&heard, 100));
  cancel.identity = STR("another");
  cancel_elsewhere(&world.shared, NULL, &cancel);
  assert_true(answer_wait(&heard, 5000));
  answer_clear(&heard);
}

static void test_a_later_message_ends_what_is_earlier_alone(void **state) {
  world_message.rank = SECOND;
  begin_to_wait("go");
  cancel_before(FIRST);
  cancel_before(SECOND);
  assert_false(answer_wait(&heard, 100));
  cancel_before(THIRD);
  assert_true(answer_wait(&heard, 5000));
  assert_int_equal(heard.state, TASK_CANCELLED);
  world_message.rank = (TaskRank){ 0 };
  answer_clear(&heard);
}

static void test_a_script_that_asks_goes_on_asking(void **state) {
  world_message.rank = FIRST;
  begin_to_wait("ask");
  assert_true(answer_wait(&heard, 5000));
  assert_string_equal(heard.reply, "?");
  cancel_before(THIRD);
  usleep(50000);
  assert_int_equal(conversations_count(world.shared.conversations), 1);
  world_message.rank = (TaskRank){ 0 };
  answer_clear(&heard);
}

static void test_the_order_is_that_of_making_then_of_arrival(void **state) {
  assert_true(task_rank_is_before(FIRST, SECOND));
  assert_true(task_rank_is_before(SECOND, THIRD));
  assert_false(task_rank_is_before(THIRD, SECOND));
  assert_false(task_rank_is_before(FIRST, FIRST));
  assert_false(task_rank_is_before((TaskRank){ 0 }, FIRST));
}

#define IN_WORLD(name) cmocka_unit_test_setup_teardown(name, world_open_shared, world_close)

int main(void) {
  const struct CMUnitTest tests[] = {
    IN_WORLD(test_a_script_that_waits_ends_with_success_and_closes_its_variables),
    IN_WORLD(test_what_it_closes_may_wait),
    IN_WORLD(test_another_users_script_goes_on),
    IN_WORLD(test_the_script_of_the_message_that_cancels_goes_on),
    IN_WORLD(test_a_later_message_ends_what_is_earlier_alone),
    IN_WORLD(test_a_script_that_asks_goes_on_asking),
    IN_WORLD(test_the_order_is_that_of_making_then_of_arrival),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
