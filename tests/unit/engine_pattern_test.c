// engine/pattern: Lua's patterns, matched in counted steps.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "engine/pattern.h"

#include <stdbool.h>
#include <string.h>

static int asked;

static bool go_on(void *ctx) {
  asked++;
  return ctx == NULL;
}

static PatternEnd search(Pattern *m, const char *pattern, const char *subject) {
  pattern_init(m, pattern, strlen(pattern), true, go_on, NULL);
  pattern_set_subject(m, subject, strlen(subject));
  return pattern_search(m, subject, NULL);
}

static void assert_match(const char *pattern, const char *subject, const char *wanted) {
  Pattern m;
  if (search(&m, pattern, subject) != PATTERN_MATCHED)
    fail_msg("%s does not match %s", pattern, subject);
  assert_int_equal(m.end - m.start, strlen(wanted));
  assert_memory_equal(m.start, wanted, strlen(wanted));
}

static void test_classes_sets_and_repetitions_match(void **state) {
  assert_match("%d+", "ab 123 c", "123");
  assert_match("[a-c]*x", "zzabcx", "abcx");
  assert_match("a.-b", "a12b3b", "a12b");
  assert_match("^ab?", "ac", "a");
  assert_match("%b()", "f(a(b)c)d", "(a(b)c)");
  assert_match("%f[%w]%w+", "  word ", "word");
}

static void test_what_is_not_there_fails(void **state) {
  Pattern m;
  assert_int_equal(search(&m, "^b", "ab"), PATTERN_FAILED);
  assert_int_equal(search(&m, "%u", "abc"), PATTERN_FAILED);
}

static void test_captures_are_given_in_order(void **state) {
  Pattern m;
  PatternCapture capture;
  assert_int_equal(search(&m, "(%w+)=()(%w+)", "key=value"), PATTERN_MATCHED);
  assert_int_equal(m.count, 3);
  assert_true(pattern_capture(&m, 0, &capture));
  assert_int_equal(capture.len, 3);
  assert_true(pattern_capture(&m, 1, &capture));
  assert_int_equal(capture.len, CAPTURE_POSITION);
  assert_true(pattern_capture(&m, 2, &capture));
  assert_memory_equal(capture.start, "value", 5);
  assert_false(pattern_capture(&m, 3, &capture));
}

static void test_without_captures_the_whole_match_is_the_first(void **state) {
  Pattern m;
  PatternCapture capture;
  assert_int_equal(search(&m, "b+", "abbc"), PATTERN_MATCHED);
  assert_true(pattern_capture(&m, 0, &capture));
  assert_int_equal(capture.len, 2);
}

static void test_a_wrong_pattern_says_what_is_wrong(void **state) {
  Pattern m;
  static const char *const wrong[] = { "a)", "[a", "%", "%b", "%f" };
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    assert_int_equal(search(&m, wrong[i], "aaa"), PATTERN_INVALID);
    assert_true(m.fault[0]);
  }
}

static void test_a_capture_that_is_not_closed_is_a_fault(void **state) {
  Pattern m;
  PatternCapture capture;
  assert_int_equal(search(&m, "(a", "a"), PATTERN_MATCHED);
  assert_false(pattern_capture(&m, 0, &capture));
  assert_true(m.fault[0]);
}

static void test_a_search_that_takes_long_asks_and_stops(void **state) {
  char subject[3000], pattern[] = ".-.-.-.-x";
  Pattern m;
  memset(subject, 'a', sizeof subject);
  asked = 0;
  pattern_init(&m, pattern, strlen(pattern), true, go_on, subject);
  pattern_set_subject(&m, subject, sizeof subject);
  assert_int_equal(pattern_search(&m, subject, NULL), PATTERN_STOPPED);
  assert_int_equal(asked, 1);
}

static void test_plain_text_is_told_from_a_pattern(void **state) {
  Pattern m;
  pattern_init(&m, "abc", 3, true, go_on, NULL);
  assert_true(pattern_is_plain(&m));
  pattern_init(&m, "a.c", 3, true, go_on, NULL);
  assert_false(pattern_is_plain(&m));
  const char *subject = "x a.c";
  pattern_set_subject(&m, subject, 5);
  assert_int_equal(pattern_search_plain(&m, subject), PATTERN_MATCHED);
  assert_ptr_equal(m.start, subject + 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_classes_sets_and_repetitions_match),
    cmocka_unit_test(test_what_is_not_there_fails),
    cmocka_unit_test(test_captures_are_given_in_order),
    cmocka_unit_test(test_without_captures_the_whole_match_is_the_first),
    cmocka_unit_test(test_a_wrong_pattern_says_what_is_wrong),
    cmocka_unit_test(test_a_capture_that_is_not_closed_is_a_fault),
    cmocka_unit_test(test_a_search_that_takes_long_asks_and_stops),
    cmocka_unit_test(test_plain_text_is_told_from_a_pattern),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
