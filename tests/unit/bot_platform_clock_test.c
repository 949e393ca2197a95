// A message's age by CreateTime, where the platform's clock is ahead.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "bot/platform_clock.h"

static PlatformClock platform;

static int begin(void **state) {
  platform = (PlatformClock){ 0 };
  return 0;
}

// The age of a message that comes now, and was made that long ago by the platform's clock.
static int64_t age_of(int64_t ago_s) {
  return platform_clock_age_s(&platform, clock_unix_s() - ago_s, clock_now_us());
}

static void assert_about(int64_t age_s, int64_t wanted_s) {
  assert_in_range(age_s, wanted_s, wanted_s + 1);
}

static void test_a_message_is_as_old_as_its_create_time(void **state) {
  assert_about(age_of(0), 0);
  assert_about(age_of(5), 5);
}

static void test_one_that_came_before_its_create_time_may_be_of_any_age(void **state) {
  assert_true(age_of(-2) == INT64_MAX);
  assert_true(age_of(-100000) == INT64_MAX);
}

static void test_one_without_a_create_time_may_be_of_any_age(void **state) {
  assert_true(platform_clock_age_s(&platform, 0, clock_now_us()) == INT64_MAX);
}

static void test_after_one_that_was_ahead_the_others_are_older(void **state) {
  age_of(-4);
  assert_about(age_of(1), 5);
  age_of(-2);
  assert_about(age_of(1), 5);
}

static void test_a_time_that_no_clock_shows_makes_no_other_older(void **state) {
  age_of(-100000);
  assert_about(age_of(1), 1);
}

static void test_one_that_waits_grows_older_and_was_not_ahead_before(void **state) {
  int64_t came_us = clock_now_us(), made_s = clock_unix_s();
  clock_advance(3 * 1000 * 1000);
  assert_about(platform_clock_age_s(&platform, made_s, came_us), 3);
  assert_true(platform_clock_age_s(&platform, made_s + 2, came_us) == INT64_MAX);
}

#define TEST(test) cmocka_unit_test_setup(test, begin)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_a_message_is_as_old_as_its_create_time),
    TEST(test_one_that_came_before_its_create_time_may_be_of_any_age),
    TEST(test_one_without_a_create_time_may_be_of_any_age),
    TEST(test_after_one_that_was_ahead_the_others_are_older),
    TEST(test_a_time_that_no_clock_shows_makes_no_other_older),
    TEST(test_one_that_waits_grows_older_and_was_not_ahead_before),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
