// base/err: what went wrong.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/err.h"

static void test_setting_an_error_says_no_and_keeps_code_and_sentence(void **state) {
  Err err = { 0 };
  assert_false(err_set(&err, ERR_TIMEOUT, "no answer in %d ms", 500));
  assert_int_equal(err.code, ERR_TIMEOUT);
  assert_string_equal(err.text, "no answer in 500 ms");
}

static void test_nobody_has_to_want_the_error(void **state) {
  assert_false(err_set(NULL, ERR_FAILED, "lost"));
  assert_false(err_wrap(NULL, "more"));
}

static void test_wrapping_puts_the_context_in_front(void **state) {
  Err err = { 0 };
  err_set(&err, ERR_INVALID, "not a number");
  assert_false(err_wrap(&err, "config.lua: %s", "threads"));
  assert_string_equal(err.text, "config.lua: threads: not a number");
  assert_int_equal(err.code, ERR_INVALID);
}

static void test_an_error_may_be_made_from_its_own_text(void **state) {
  Err err = { 0 };
  err_set(&err, ERR_FAILED, "inner");
  err_set(&err, ERR_NETWORK, "outer (%s)", err.text);
  assert_string_equal(err.text, "outer (inner)");
}

static void test_a_long_sentence_is_cut_at_a_character(void **state) {
  Err err = { 0 };
  char text[2000] = "x";
  for (size_t i = 0; i < 400; i++) strcat(text, "微");
  err_set(&err, ERR_FAILED, "%s", text);
  size_t len = strlen(err.text);
  assert_true(len < sizeof err.text && len > sizeof err.text - 4);
  assert_int_equal((len - 1) % 3, 0);
  err_wrap(&err, "%s", text);
  assert_true(strlen(err.text) < sizeof err.text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_setting_an_error_says_no_and_keeps_code_and_sentence),
    cmocka_unit_test(test_nobody_has_to_want_the_error),
    cmocka_unit_test(test_wrapping_puts_the_context_in_front),
    cmocka_unit_test(test_an_error_may_be_made_from_its_own_text),
    cmocka_unit_test(test_a_long_sentence_is_cut_at_a_character),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
