// Which of the calls that wait for the store's thread begins when.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "store/call_queue.h"

#include <stdlib.h>

enum { SECOND_US = 1000 * 1000, LARGE = 1 << 20 };

static CallQueue queue;

static int set_up(void **state) {
  queue = (CallQueue){ 0 };
  return 0;
}

static int tear_down(void **state) {
  call_queue_wake(&queue, 1000 * SECOND_US);
  for (StoreJob *chain; (chain = call_queue_take_ready(&queue));)
    for (StoreJob *job; (job = chain);) {
      chain = job->next;
      free(job);
    }
  return 0;
}

static StoreJob *job_due(int64_t due_us) {
  StoreJob *job = calloc(1, sizeof *job);
  assert_non_null(job);
  job->due_us = due_us;
  return job;
}

static void put_due(int64_t due_us) {
  StoreJob *job = job_due(due_us);
  job->call.delay_ms = 1;
  call_queue_put(&queue, job);
}

static bool repeat(int64_t now_us, int64_t ttl_ms, size_t bytes) {
  StoreJob *job = job_due(0);
  job->keep_us = 100 * SECOND_US;
  job->call.ttl_ms = ttl_ms;
  job->call.value.len = bytes;
  bool kept = call_queue_repeat(&queue, job, now_us);
  if (!kept) free(job);
  return kept;
}

static void assert_next_due(int64_t due_us) {
  StoreJob *job = call_queue_take_later(&queue);
  assert_non_null(job);
  assert_int_equal(job->due_us, due_us);
  free(job);
}

static void test_calls_come_in_the_order_of_their_times(void **state) {
  put_due(30);
  put_due(10);
  assert_true(repeat(0, 0, 0));  // due after CALL_REPEAT_PAUSE_US
  put_due(20);
  assert_int_equal(call_queue_next_us(&queue), 10);
  assert_next_due(10);
  assert_next_due(20);
  assert_next_due(30);
  assert_next_due(CALL_REPEAT_PAUSE_US);
  assert_null(call_queue_take_later(&queue));
  assert_int_equal(call_queue_next_us(&queue), INT64_MAX);
}

static void test_what_is_due_follows_what_is_ready(void **state) {
  StoreJob *ready = job_due(0);
  call_queue_put(&queue, ready);
  put_due(10);
  put_due(30);
  call_queue_wake(&queue, 20);
  StoreJob *first = call_queue_take_ready(&queue);
  assert_ptr_equal(first, ready);
  assert_int_equal(first->next->due_us, 10);
  assert_null(first->next->next);
  assert_null(call_queue_take_ready(&queue));
  assert_int_equal(call_queue_next_us(&queue), 30);
  free(first->next);
  free(first);
}

static void test_a_repeated_value_expires_at_its_first_time(void **state) {
  assert_true(repeat(2 * SECOND_US, 10 * 1000, 0));
  StoreJob *job = call_queue_take_later(&queue);
  assert_int_equal(job->call.ttl_ms, 10 * 1000 - 2000 - CALL_REPEAT_PAUSE_US / 1000);
  free(job);
  assert_false(repeat(2 * SECOND_US, 2500, 0));
  assert_false(repeat(101 * SECOND_US, 0, 0));  // keep_us is over
}

static void test_repeated_calls_take_64_mb_at_most(void **state) {
  int kept = 0;
  while (repeat(0, 0, LARGE)) kept++;
  assert_int_equal(kept, 63);
  call_queue_wake(&queue, SECOND_US);
  assert_true(repeat(0, 0, LARGE));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(test_calls_come_in_the_order_of_their_times, set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_what_is_due_follows_what_is_ready, set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_a_repeated_value_expires_at_its_first_time, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(test_repeated_calls_take_64_mb_at_most, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
