// base/clock: time.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <unistd.h>

#include "base/clock.h"

static void test_the_monotonic_clock_measures_a_pause(void **state) {
  int64_t before = clock_now_us(), before_ms = clock_now_ms();
  usleep(20000);
  assert_true(clock_now_us() - before >= 20000);
  assert_true(clock_now_ms() - before_ms >= 19);
}

static void test_the_wall_clock_is_the_systems(void **state) {
  assert_in_range(clock_unix_s() - time(NULL) + 1, 0, 2);
  assert_in_range(clock_unix_ms() / 1000 - time(NULL) + 1, 0, 2);
}

static void test_a_monotonic_time_has_its_time_on_the_wall(void **state) {
  int64_t now_us = clock_now_us();
  assert_in_range(clock_unix_ms_at(now_us - 5000000) + 5000 - clock_unix_ms() + 2000, 0, 4000);
  int64_t at_ms = clock_unix_ms_at(now_us);
  assert_int_equal(clock_unix_ms_at(now_us - 1000) + 1, at_ms);
  clock_set_unix_us(1000000000000);
  assert_in_range(clock_unix_ms_at(now_us), 1000000000 - 5000, 1000000000 + 1);
}

static void test_cpu_time_runs_while_the_thread_works_and_not_while_it_sleeps(void **state) {
  int64_t before = clock_thread_cpu_us();
  usleep(50000);
  assert_true(clock_thread_cpu_us() - before < 40000);
  int64_t start = clock_thread_cpu_us();
  while (clock_thread_cpu_us() - start < 2000) {
  }
  assert_true(clock_thread_cpu_us() - before >= 2000);
}

static void test_microseconds_become_seconds_and_nanoseconds(void **state) {
  struct timespec at = clock_to_timespec(12345678);
  assert_int_equal(at.tv_sec, 12);
  assert_int_equal(at.tv_nsec, 345678000);
  at = clock_to_timespec(-5);
  assert_int_equal(at.tv_sec, 0);
  assert_int_equal(at.tv_nsec, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_the_monotonic_clock_measures_a_pause),
    cmocka_unit_test(test_the_wall_clock_is_the_systems),
    cmocka_unit_test(test_a_monotonic_time_has_its_time_on_the_wall),
    cmocka_unit_test(test_cpu_time_runs_while_the_thread_works_and_not_while_it_sleeps),
    cmocka_unit_test(test_microseconds_become_seconds_and_nanoseconds),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
