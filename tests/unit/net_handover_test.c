// A connection between two requests, handed from thread to thread.
#include "net/handover.h"

#include <linux/futex.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"

enum { LONG_MS = 60 * 1000 };

static void test_one_thread_alone_takes_an_offered_connection(void **state) {
  Handover handover = { 0 };
  assert_false(handover_take(&handover));
  handover_offer(&handover);
  assert_true(handover_take(&handover));
  assert_false(handover_take(&handover));
}

static void test_bytes_that_arrive_meanwhile_are_told_to_the_thread_that_has_it(void **state) {
  Handover handover = { 0 };
  handover_offer(&handover);
  assert_true(handover_take(&handover));
  assert_false(handover_take(&handover));
  assert_false(handover_take(&handover));
  assert_false(handover_give_back(&handover));
  assert_true(handover_give_back(&handover));
  assert_true(handover_take(&handover));
}

static void test_its_own_thread_takes_back_what_nobody_has(void **state) {
  Handover handover = { 0 };
  handover_offer(&handover);
  assert_false(handover_await(&handover, 1));
  assert_false(handover_take(&handover));
  handover_offer(&handover);
  assert_true(handover_withdraw(&handover));
  assert_false(handover_take(&handover));
}

static void test_what_another_thread_has_is_not_withdrawn(void **state) {
  Handover handover = { 0 };
  handover_offer(&handover);
  assert_true(handover_take(&handover));
  assert_false(handover_withdraw(&handover));
  handover_call(&handover);
  assert_true(handover_await(&handover, LONG_MS));
}

static void *take_and_call(void *arg) {
  if (handover_take(arg)) handover_call(arg);
  return NULL;
}

static void test_its_own_thread_has_it_once_it_is_called(void **state) {
  Handover handover = { 0 };
  pthread_t other;
  handover_offer(&handover);
  assert_int_equal(pthread_create(&other, NULL, take_and_call, &handover), 0);
  assert_true(handover_await(&handover, LONG_MS));
  assert_false(handover_take(&handover));
  pthread_join(other, NULL);
}

typedef struct {
  Handover handover;
  atomic_bool has_waited;
} Patient;

static void *wait_briefly(void *arg) {
  Patient *patient = arg;
  bool called = handover_await(&patient->handover, 1);
  atomic_store(&patient->has_waited, true);
  return called ? arg : NULL;
}

static void test_its_own_thread_waits_for_who_serves_it_past_its_time(void **state) {
  Patient patient = { 0 };
  pthread_t own;
  void *called = NULL;
  handover_offer(&patient.handover);
  assert_true(handover_take(&patient.handover));
  assert_int_equal(pthread_create(&own, NULL, wait_briefly, &patient), 0);
  nanosleep(&(struct timespec){ .tv_nsec = 20 * 1000 * 1000 }, NULL);
  assert_false(atomic_load(&patient.has_waited));
  handover_call(&patient.handover);
  pthread_join(own, &called);
  assert_non_null(called);
}

static atomic_bool has_slept;

static void *wake_for_nothing(void *arg) {
  Handover *handover = arg;
  while (!atomic_load(&has_slept)) {
    syscall(SYS_futex, &handover->called, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    usleep(1000);
  }
  return NULL;
}

static void test_a_call_that_comes_late_does_not_shorten_the_next_wait(void **state) {
  enum { WAIT_MS = 200 };
  Handover handover = { 0 };
  pthread_t other;
  assert_int_equal(pthread_create(&other, NULL, wake_for_nothing, &handover), 0);
  int64_t began_us = clock_now_us();
  handover_offer(&handover);
  assert_false(handover_await(&handover, WAIT_MS));
  assert_true(clock_now_us() - began_us >= WAIT_MS * 1000);
  atomic_store(&has_slept, true);
  pthread_join(other, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_one_thread_alone_takes_an_offered_connection),
    cmocka_unit_test(test_bytes_that_arrive_meanwhile_are_told_to_the_thread_that_has_it),
    cmocka_unit_test(test_its_own_thread_takes_back_what_nobody_has),
    cmocka_unit_test(test_what_another_thread_has_is_not_withdrawn),
    cmocka_unit_test(test_its_own_thread_has_it_once_it_is_called),
    cmocka_unit_test(test_its_own_thread_waits_for_who_serves_it_past_its_time),
    cmocka_unit_test(test_a_call_that_comes_late_does_not_shorten_the_next_wait),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
