// The due times of crontab lines.
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

static void test_a_step_of_any_size_is_one_step(void **state) {
  int64_t noon = at(2024, 5, 15, 12, 0);
  assert_next("5/9223372036854775807 12 * * *", noon, at(2024, 5, 15, 12, 5));
  assert_next("*/100 * * * *", noon, at(2024, 5, 15, 13, 0));
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

static void use_zone(const char *zone) {
  setenv("TZ", zone, 1);
  tzset();
}

// Berlin, 2024-03-31: from 02:00 to 03:00; Lord Howe, 2024-10-06: from 02:00 to 02:30.
static void test_a_time_that_a_day_lacks_comes_right_after_the_gap_once(void **state) {
  use_zone("Europe/Berlin");
  int64_t gap = at(2024, 3, 31, 3, 0), evening = at(2024, 3, 30, 12, 0);
  assert_int_equal(gap - at(2024, 3, 31, 1, 59), 60);
  assert_next("30 2 * * *", evening, gap);
  assert_next("0,30 2 * * *", evening, gap);
  assert_next("30 2 * * *", gap, at(2024, 4, 1, 2, 30));
  assert_next("0,30 2,3 * * *", gap, at(2024, 3, 31, 3, 30));
  assert_next("30 2 31 3 *", evening, gap);
  assert_next("0 12 * * *", at(2024, 3, 31, 1, 0), at(2024, 3, 31, 12, 0));
  use_zone("Australia/Lord_Howe");
  int64_t half = at(2024, 10, 6, 2, 30);
  assert_next("10 2 * * *", half - 3600, half);
  assert_next("45 2 * * *", half - 3600, half + 15 * 60);
  use_zone("UTC");
}

// Berlin, 2024-10-27: at 03:00 back to 02:00.
static void test_a_time_that_a_day_has_twice_comes_once_whenever_one_asks(void **state) {
  use_zone("Europe/Berlin");
  int64_t first = at(2024, 10, 27, 1, 0) + 90 * 60, next = at(2024, 10, 28, 2, 30);
  assert_next("30 2 * * *", at(2024, 10, 26, 12, 0), first);
  assert_next("30 2 * * *", first, next);
  assert_next("30 2 * * *", first + 20 * 60, next);
  assert_next("30 2 * * *", first + 50 * 60, next);  // between 02:00 and 02:30 for the second time
  assert_next("0 0 * * *", at(2024, 10, 27, 1, 0), at(2024, 10, 28, 0, 0));
  assert_next("0 3 * * *", first, first + 90 * 60);
  use_zone("UTC");
}

static void test_what_runs_every_hour_or_minute_goes_by_the_time_that_passes(void **state) {
  use_zone("Europe/Berlin");
  int64_t twice = at(2024, 10, 27, 1, 0) + 60 * 60, gap = at(2024, 3, 31, 3, 0);
  assert_next("0 * * * *", twice, twice + 3600);
  assert_next("*/30 * * * *", twice + 30 * 60, twice + 60 * 60);
  assert_next("0 * * * *", gap - 3600, gap);
  use_zone("UTC");
}

static void test_a_faulty_line_is_refused_and_the_field_named(void **state) {
  static const char *const faulty[] = { "",
                                        "* * * *",
                                        "* * * * * *",
                                        "60 * * * *",
                                        "* 24 * * *",
                                        "* * 0 * *",
                                        "* * * 13 *",
                                        "* * * * 8",
                                        "5-1 * * * *",
                                        "*/0 * * * *",
                                        "a * * * *",
                                        "1,,2 * * * *",
                                        "*/x * * * *",
                                        "1- * * * *",
                                        "1, * * * *",
                                        "5-9-12 * * * *",
                                        "0 22-6 * * *",
                                        "99999999999999999999 * * * *" };
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
    cmocka_unit_test(test_a_time_that_a_day_lacks_comes_right_after_the_gap_once),
    cmocka_unit_test(test_a_time_that_a_day_has_twice_comes_once_whenever_one_asks),
    cmocka_unit_test(test_what_runs_every_hour_or_minute_goes_by_the_time_that_passes),
    cmocka_unit_test(test_a_step_of_any_size_is_one_step),
    cmocka_unit_test(test_a_faulty_line_is_refused_and_the_field_named),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
