// script/cancels: the interpreters that are notified of a cancel, and the last cancel of a user.
#include "script_world.h"

static Cancels *cancels;
static atomic_int told;

static const TaskRank FIRST = { .made_s = 100, .arrived_us = 7 },
                      SECOND = { .made_s = 100, .arrived_us = 8 },
                      THIRD = { .made_s = 101, .arrived_us = 5 };

static int begin(void **state) {
  int failed = world_open_shared(state);
  cancels = world.shared.cancels;
  told = 0;
  return failed;
}

static void note_told(struct Engine *engine, const Cancel *cancel) {
  if (str_eq(cancel->openid, STR("openid-1"))) told++;
}

static void newest(TaskRank rank) {
  Cancel cancel = { .openid = STR("openid-1"), .before = rank };
  cancels_tell(cancels, NULL, &cancel, note_told);
}

static bool both_told(void) { return told == 2; }

static void test_the_interpreter_is_told_of_each_but_of_its_own(void **state) {
  load("function on_message() wechat.sleep(0.01) return 'x' end");
  assert_answer("go", TASK_RETURNED, "x");
  newest(FIRST);
  newest(SECOND);
  cancels_tell(cancels, world.in, &(Cancel){ .openid = STR("openid-1"), .all = true }, note_told);
  assert_true(wait_for(both_told));
  usleep(20000);
  assert_int_equal(told, 2);
}

static void test_an_earlier_message_that_has_not_begun_is_outdated(void **state) {
  assert_false(cancels_is_outdated(cancels, STR("openid-1"), STR("m"), FIRST));
  newest(SECOND);
  newest(FIRST);
  assert_true(cancels_is_outdated(cancels, STR("openid-1"), STR("m"), FIRST));
  assert_false(cancels_is_outdated(cancels, STR("openid-1"), STR("m"), SECOND));
  assert_false(cancels_is_outdated(cancels, STR("openid-1"), STR("m"), THIRD));
  assert_false(cancels_is_outdated(cancels, STR("openid-2"), STR("m"), FIRST));
}

static TaskRank arrived(int64_t at_us) { return (TaskRank){ .made_s = 100, .arrived_us = at_us }; }

static void test_what_waits_for_a_forgotten_user_is_outdated(void **state) {
  int64_t now_us = clock_now_us();
  Cancel cancel = { .openid = STR("openid-1"), .all = true };
  cancels_tell(cancels, NULL, &cancel, note_told);
  assert_true(cancels_is_outdated(cancels, STR("openid-1"), STR("m"), arrived(now_us - 1)));
  assert_false(
      cancels_is_outdated(cancels, STR("openid-1"), STR("m"), arrived(clock_now_us() + 1)));
  assert_true(cancels_is_outdated(cancels, STR("openid-1"), STR(""), arrived(now_us - 1)));
  assert_false(cancels_is_outdated(cancels, STR("openid-2"), STR("m"), arrived(now_us - 1)));
}

static void test_what_arrived_after_a_forget_elsewhere_is_not_outdated(void **state) {
  int64_t at_us = clock_now_us() - 1000 * 1000;
  Cancel cancel = { .openid = STR("openid-1"), .all = true, .before.arrived_us = at_us };
  Cancel earlier = cancel;
  earlier.before.arrived_us -= 500;
  cancels_tell(cancels, NULL, &cancel, note_told);
  cancels_tell(cancels, NULL, &earlier, note_told);
  assert_true(cancels_is_outdated(cancels, STR("openid-1"), STR("m"), arrived(at_us - 1)));
  assert_false(cancels_is_outdated(cancels, STR("openid-1"), STR("m"), arrived(at_us + 1)));
}

static void test_a_message_is_not_outdated_by_its_own_script(void **state) {
  Cancel cancel = { .openid = STR("openid-1"), .before = SECOND, .identity = STR("own") };
  cancels_tell(cancels, NULL, &cancel, note_told);
  assert_false(cancels_is_outdated(cancels, STR("openid-1"), STR("own"), FIRST));
  assert_true(cancels_is_outdated(cancels, STR("openid-1"), STR("m"), FIRST));
  cancel.all = true;
  cancels_tell(cancels, NULL, &cancel, note_told);
  assert_false(cancels_is_outdated(cancels, STR("openid-1"), STR("own"), FIRST));
  assert_true(cancels_is_outdated(cancels, STR("openid-1"), STR("m"), THIRD));
}

static void test_what_this_process_told_is_known_by_the_number(void **state) {
  assert_false(cancels_is_own(cancels, 5));
  cancels_note_own(cancels, 5);
  assert_true(cancels_is_own(cancels, 5));
  assert_false(cancels_is_own(cancels, 5 + 256));
}

#define IN_WORLD(name) cmocka_unit_test_setup_teardown(name, begin, world_close)

int main(void) {
  const struct CMUnitTest tests[] = {
    IN_WORLD(test_the_interpreter_is_told_of_each_but_of_its_own),
    IN_WORLD(test_an_earlier_message_that_has_not_begun_is_outdated),
    IN_WORLD(test_what_waits_for_a_forgotten_user_is_outdated),
    IN_WORLD(test_what_arrived_after_a_forget_elsewhere_is_not_outdated),
    IN_WORLD(test_a_message_is_not_outdated_by_its_own_script),
    IN_WORLD(test_what_this_process_told_is_known_by_the_number),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
