// Threads at idle priority and back, and such that stop no other.
#include "base/scheduling.h"

#include <sched.h>
#include <sys/resource.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <unistd.h>

static void test_a_thread_goes_to_idle_priority_and_comes_back_where_it_may(void **state) {
  assert_true(scheduling_idle(gettid()));
  assert_int_equal(sched_getscheduler(0), SCHED_IDLE);
  if (scheduling_restore()) assert_int_equal(sched_getscheduler(0), SCHED_OTHER);
  else assert_int_not_equal(geteuid(), 0);
}

static void test_a_thread_may_wait_for_its_turn(void **state) {
  int nice_before = getpriority(PRIO_PROCESS, 0);
  assert_int_equal(setpriority(PRIO_PROCESS, 0, 7), 0);
  assert_true(scheduling_batch());
  assert_int_equal(sched_getscheduler(0), SCHED_BATCH);
  assert_int_equal(getpriority(PRIO_PROCESS, 0), 7);
  if (!scheduling_restore() || setpriority(PRIO_PROCESS, 0, nice_before) != 0) skip();
}

static void test_a_thread_that_is_not_there_is_refused(void **state) {
  assert_false(scheduling_idle(0x3fffffff));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_a_thread_may_wait_for_its_turn),
    cmocka_unit_test(test_a_thread_goes_to_idle_priority_and_comes_back_where_it_may),
    cmocka_unit_test(test_a_thread_that_is_not_there_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
