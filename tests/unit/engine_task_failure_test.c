// engine/task_failure: what a task reports when it fails.
#include "task_world.h"

static void test_an_error_is_told_to_its_body(void **state) {
  assert_int_equal(start("\nerror('no')"), TASK_FAILED);
  assert_string_equal(error_text, "code:2: no");
  assert_int_equal(end_state, TASK_FAILED);
  assert_int_equal(over, 1);
}

static void test_one_that_runs_too_long_ends_by_that_name(void **state) {
  assert_int_equal(start("while true do end"), TASK_OVER_CPU);
  assert_int_equal(over, 1);
}

static void test_the_first_failure_is_the_one_that_is_told(void **state) {
  assert_int_equal(start("local kept <close> = setmetatable({}, { __close = function() "
                         "error('second') end })\nerror('first')"),
                   TASK_FAILED);
  assert_string_equal(error_text, "code:2: first");
  assert_int_equal(over, 1);
}

static void test_no_pcall_keeps_the_end_of_one_that_runs_too_long(void **state) {
  assert_int_equal(start("while true do pcall(function() while true do end end) end"),
                   TASK_OVER_CPU);
  assert_int_equal(over, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_an_error_is_told_to_its_body),
    TEST(test_one_that_runs_too_long_ends_by_that_name),
    TEST(test_the_first_failure_is_the_one_that_is_told),
    TEST(test_no_pcall_keeps_the_end_of_one_that_runs_too_long),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
