// The state of a message's run while the script answers, and afterwards.
#include "script_world.h"

#include "script/message_inner.h"

static int overs;
static void count_over(void *owner) { overs++; }

static MessageHead head = { .is_event = true };
static NodeTree tree;
static Answer answer;
static int64_t begun_us;

static MessageTask message(void) {
  return (MessageTask){ .tree = &tree,
                        .head = &head,
                        .raw = STR("<xml/>"),
                        .sender = STR("openid-1"),
                        .identity = STR("id"),
                        .owe_at_us = 7,
                        .begun_us = &begun_us,
                        .over = count_over };
}

static MessageRun *new_run(void) {
  MessageRun *run = malloc(sizeof *run);
  MessageTask task = message();
  load("function on_message() end");
  *run = message_run_empty(world.in, NULL);
  message_run_take(run, &task, &answer);
  return run;
}

static void test_a_run_takes_over_what_its_message_has(void **state) {
  begun_us = 0;
  MessageRun *run = new_run();
  assert_ptr_equal(run->tree, &tree);
  assert_ptr_equal(run->returned, &answer);
  assert_true(run->is_event);
  assert_true(str_eq(run->sender, STR("openid-1")));
  assert_true(str_eq(run->identity, STR("id")));
  assert_int_equal(run->owe_at_us, 7);
  assert_int_equal(run->answer.reply.form, REPLY_NONE);
  assert_true(begun_us > 0);
  message_run_free(run);
}

static void test_after_its_first_slice_nothing_of_the_caller_is_left(void **state) {
  MessageRun *run = new_run();
  message_run_end_slice(run);
  assert_null(run->tree);
  assert_null(run->head);
  assert_null(run->returned);
  assert_int_equal(run->raw.len, 0);
  assert_true(str_eq(run->sender, STR("openid-1")));
  message_run_free(run);
}

static void test_the_owner_is_told_of_the_end_unless_the_caller_still_waits(void **state) {
  overs = 0;
  message_run_free(new_run());
  assert_int_equal(overs, 0);
  MessageRun *run = new_run();
  message_run_end_slice(run);
  message_run_free(run);
  assert_int_equal(overs, 1);
}

static void test_a_run_that_another_task_goes_on_with_is_not_freed(void **state) {
  overs = 0;
  MessageRun *run = new_run();
  message_run_end_slice(run);
  run->moving = true;
  message_run_free(run);
  assert_false(run->moving);
  assert_int_equal(overs, 0);
  message_run_free(run);
  assert_int_equal(overs, 1);
}

static void test_without_a_message_only_what_is_kept_is_left(void **state) {
  MessageRun *run = new_run();
  buf_add(&run->error_text, STR("why"));
  MessageRun empty = message_run_empty(world.in, run);
  assert_ptr_equal(empty.in, world.in);
  assert_string_equal(empty.error_text.ptr, "why");
  assert_null(empty.owner);
  assert_null(empty.arena);
  assert_int_equal(empty.owe_at_us, 0);
  message_run_free(run);
}

static void test_a_place_is_taken_only_where_late_answers_have_an_order(void **state) {
  MessageRun *run = new_run();
  message_run_take_place(run);
  assert_non_null(run->place);
  late_order_leave(run->place, false);
  run->place = NULL;
  run->sender = STR("");
  message_run_take_place(run);
  assert_null(run->place);
  message_run_free(run);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, world_open_shared, world_close)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_a_run_takes_over_what_its_message_has),
    TEST(test_after_its_first_slice_nothing_of_the_caller_is_left),
    TEST(test_the_owner_is_told_of_the_end_unless_the_caller_still_waits),
    TEST(test_a_run_that_another_task_goes_on_with_is_not_freed),
    TEST(test_without_a_message_only_what_is_kept_is_left),
    TEST(test_a_place_is_taken_only_where_late_answers_have_an_order),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
