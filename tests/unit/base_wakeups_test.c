// base/wakeups: a round of work wakes another thread once, and late by no more than its bound.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/wakeups.h"

#include <pthread.h>

#include "base/clock.h"

static int woken[16];

static void wake(void *ctx) { ++*(int *)ctx; }

static void other_wake(void *ctx) { *(int *)ctx += 100; }

static void pass(int64_t us) {
  for (int64_t end_us = clock_real_us() + us; clock_real_us() < end_us;) continue;
}

static void test_a_thread_wakes_at_once_unless_it_puts_off(void **state) {
  int count = 0;
  assert_true(wakeups_add(wake, &count));
  assert_true(wakeups_add(wake, &count));
  assert_int_equal(count, 2);
}

static void *put_off_and_end_round(void *unused) {
  int first = 0, second = 0;
  wakeups_put_off();
  int64_t begun_us = clock_real_us();
  bool added = wakeups_add(wake, &first), again = wakeups_add(wake, &first);
  bool another = wakeups_add(other_wake, &first), of_second = wakeups_add(wake, &second);
  bool in_time = clock_real_us() - begun_us < WAKEUPS_LATE_US;
  assert_true(added && another && of_second);
  if (in_time) assert_false(again);
  if (in_time) assert_int_equal(first + second, 0);
  wakeups_send();
  if (in_time) assert_int_equal(first, 101);
  assert_int_equal(second, 1);
  wakeups_send();
  assert_int_equal(second, 1);
  return NULL;
}

static void *go_on_for_long(void *unused) {
  int count = 0, other = 0;
  wakeups_put_off();
  wakeups_add(wake, &count);
  pass(WAKEUPS_LATE_US + 1);
  assert_true(wakeups_add(wake, &other));
  assert_int_equal(count, 1);
  assert_int_equal(other, 1);
  return NULL;
}

static void *wake_many(void *unused) {
  wakeups_put_off();
  for (int i = 0; i < 16; i++) wakeups_add(wake, &woken[i]);
  wakeups_send();
  for (int i = 0; i < 16; i++) assert_int_equal(woken[i], 1);
  return NULL;
}

static void on_a_thread(void *(*run)(void *)) {
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, run, NULL), 0);
  pthread_join(thread, NULL);
}

static void test_one_round_wakes_once(void **state) { on_a_thread(put_off_and_end_round); }

static void test_a_long_round_wakes_before_its_end(void **state) { on_a_thread(go_on_for_long); }

static void test_more_than_are_kept_are_woken_each_once(void **state) { on_a_thread(wake_many); }

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_a_thread_wakes_at_once_unless_it_puts_off),
    cmocka_unit_test(test_one_round_wakes_once),
    cmocka_unit_test(test_a_long_round_wakes_before_its_end),
    cmocka_unit_test(test_more_than_are_kept_are_woken_each_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
