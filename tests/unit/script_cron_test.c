// When crontab lines come due.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "script/cron.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static int64_t at(int year, int month, int day, int hour, int minute) {
  struct tm tm = { .tm_year = year - 1900,
                   .tm_mon = month - 1,
                   .tm_mday = day,
                   .tm_hour = hour,
                   .tm_min = minute,
                   .tm_isdst = -1 };
  return (int64_t)mktime(&tm);
}

static void assert_next(const char *spec, int64_t from, int64_t expected) {
  Cron cron;
  Err err = { 0 };
  if (!cron_parse(str_of(spec), &cron, &err)) fail_msg("%s: %s", spec, err.text);
  int64_t next = cron_next(&cron, from);
  if (next != expected)
    fail_msg("%s from %lld: %lld, not %lld", spec, (long long)from, (long long)next,
             (long long)expected);
}

static void test_fields_lists_ranges_and_steps_decide_the_minute(void **state) {
  int64_t noon = at(2024, 5, 15, 12, 0);  // a Wednesday
  assert_next("* * * * *", noon, noon + 60);
  assert_next("* * * * *", noon + 59, noon + 60);
  assert_next("0 * * * *", noon, at(2024, 5, 15, 13, 0));
  assert_next("*/15 * * * *", noon, at(2024, 5, 15, 12, 15));
  assert_next("5,10-12 * * * *", at(2024, 5, 15, 12, 10), at(2024, 5, 15, 12, 11));
  assert_next("10-30/10 * * * *", at(2024, 5, 15, 12, 20), at(2024, 5, 15, 12, 30));
  assert_next("30/10 * * * *", at(2024, 5, 15, 12, 40), at(2024, 5, 15, 12, 50));
  assert_next("0 9 * * *", noon, at(2024, 5, 16, 9, 0));
  assert_next("0 9 1 * *", noon, at(2024, 6, 1, 9, 0));
  assert_next("@daily", noon, at(2024, 5, 16, 0, 0));
  assert_next("@hourly", noon, at(2024, 5, 15, 13, 0));
}

static void test_names_of_months_and_days_are_understood(void **state) {
  int64_t noon = at(2024, 5, 15, 12, 0);
  assert_next("0 9 * * mon", noon, at(2024, 5, 20, 9, 0));
  assert_next("0 9 * * MON-FRI", noon, at(2024, 5, 16, 9, 0));
  assert_next("0 9 * jan *", noon, at(2025, 1, 1, 9, 0));
  assert_next("0 9 * * 7", noon, at(2024, 5, 19, 9, 0));
  assert_next("0 9 * * 0", noon, at(2024, 5, 19, 9, 0));
  assert_next("0 9 29 feb *", noon, at(2028, 2, 29, 9, 0));
}

static void test_a_day_of_month_or_a_weekday_is_enough_when_both_are_given(void **state) {
  int64_t noon = at(2024, 5, 15, 12, 0);
  assert_next("0 0 17 * sun", noon, at(2024, 5, 17, 0, 0));
  assert_next("0 0 25 * sun", noon, at(2024, 5, 19, 0, 0));
}

static void test_a_date_that_never_comes_is_known(void **state) {
  assert_next("0 0 30 2 *", at(2024, 5, 15, 12, 0), -1);
}

static void test_the_hour_that_a_clock_change_leaves_out_is_passed_over(void **state) {
  setenv("TZ", "Europe/Berlin", 1);
  tzset();
  // 2024-03-31: from 02:00 to 03:00.
  assert_next("30 2 * * *", at(2024, 3, 30, 12, 0), at(2024, 4, 1, 2, 30));
  assert_next("0 12 * * *", at(2024, 3, 31, 1, 0), at(2024, 3, 31, 12, 0));
  assert_next("0 0 * * *", at(2024, 10, 27, 1, 0), at(2024, 10, 28, 0, 0));
  setenv("TZ", "UTC", 1);
  tzset();
}

static void test_a_faulty_line_is_refused_and_the_field_named(void **state) {
  static const char *const faulty[] = {
    "",          "* * * *",      "* * * * * *", "60 * * * *",  "* 24 * * *",
    "* * 0 * *", "* * * 13 *",   "* * * * 8",   "5-1 * * * *", "*/0 * * * *",
    "a * * * *", "1,,2 * * * *", "*/x * * * *", "1- * * * *"
  };
  for (size_t i = 0; i < sizeof faulty / sizeof faulty[0]; i++) {
    Cron cron;
    Err err = { 0 };
    if (cron_parse(str_of(faulty[i]), &cron, &err)) fail_msg("accepted: '%s'", faulty[i]);
    assert_int_equal(err.code, ERR_USAGE);
  }
  Cron cron;
  Err err = { 0 };
  assert_false(cron_parse(STR("0 25 * * *"), &cron, &err));
  assert_non_null(strstr(err.text, "hour"));
}

int main(void) {
  setenv("TZ", "UTC", 1);
  tzset();
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_fields_lists_ranges_and_steps_decide_the_minute),
    cmocka_unit_test(test_names_of_months_and_days_are_understood),
    cmocka_unit_test(test_a_day_of_month_or_a_weekday_is_enough_when_both_are_given),
    cmocka_unit_test(test_a_date_that_never_comes_is_known),
    cmocka_unit_test(test_the_hour_that_a_clock_change_leaves_out_is_passed_over),
    cmocka_unit_test(test_a_faulty_line_is_refused_and_the_field_named),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
