// The reason phrases of statuses.
#include "net/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_statuses_have_the_names_of_the_standard(void **state) {
  assert_string_equal(status_reason(200), "OK");
  assert_string_equal(status_reason(411), "Length Required");
  assert_string_equal(status_reason(505), "HTTP Version Not Supported");
}

static void test_a_status_of_nobody_is_named_by_its_class(void **state) {
  assert_string_equal(status_reason(299), "OK");
  assert_string_equal(status_reason(499), "Error");
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_statuses_have_the_names_of_the_standard),
    cmocka_unit_test(test_a_status_of_nobody_is_named_by_its_class),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
