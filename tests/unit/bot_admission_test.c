// Admission: counts, limits, and the detection of a stalled service.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bot/admission.h"

static void test_as_many_are_admitted_as_may_be(void **state) {
  Admission admission;
  admission_init(&admission, 2, 1);
  assert_true(admission_enter(&admission, ADMIT_JOB));
  assert_true(admission_enter(&admission, ADMIT_JOB));
  assert_false(admission_enter(&admission, ADMIT_JOB));
  assert_true(admission_enter(&admission, ADMIT_WAITING));
  assert_false(admission_enter(&admission, ADMIT_WAITING));
  assert_int_equal(admission_count(&admission, ADMIT_JOB), 2);
  admission_leave(&admission, ADMIT_JOB);
  assert_true(admission_enter(&admission, ADMIT_JOB));
}

static void test_it_is_empty_when_all_have_left(void **state) {
  Admission admission;
  admission_init(&admission, 2, 2);
  assert_true(admission_is_empty(&admission));
  admission_enter(&admission, ADMIT_WAITING);
  assert_false(admission_is_empty(&admission));
  admission_leave(&admission, ADMIT_WAITING);
  assert_true(admission_is_empty(&admission));
}

static void test_it_is_stalled_when_messages_have_waited_three_seconds_and_none_had_a_turn_in_time(
    void **state) {
  Admission admission;
  int64_t s = 1000000, now = 100 * s;
  admission_init(&admission, 2, 2);
  assert_false(admission_is_stalled(&admission, now));
  admission_turn_awaited(&admission, now);
  assert_false(admission_is_stalled(&admission, now + 3 * s - 1));
  assert_true(admission_is_stalled(&admission, now + 3 * s));
  admission_turn_in_time(&admission, now + 2 * s);
  assert_false(admission_is_stalled(&admission, now + 3 * s));
  assert_true(admission_is_stalled(&admission, now + 5 * s));
  admission_turn_over(&admission);
  assert_false(admission_is_stalled(&admission, now + 5 * s));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_as_many_are_admitted_as_may_be),
    cmocka_unit_test(test_it_is_empty_when_all_have_left),
    cmocka_unit_test(
        test_it_is_stalled_when_messages_have_waited_three_seconds_and_none_had_a_turn_in_time),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
