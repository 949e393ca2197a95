// engine/lock: one owner at a time, deadlines, and the end of all waits when the lock is broken.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "engine/lock.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/clock.h"

enum { THREADS = 8, TIMES = 20000 };

static Lock lock;

static int begin(void **state) {
  lock_init(&lock);
  return 0;
}

static void test_it_is_free_held_and_free_again(void **state) {
  assert_int_equal(lock_queue(&lock), 0);
  assert_true(lock_take(&lock, 0));  // a free lock is taken even after the deadline
  assert_int_equal(lock_queue(&lock), 1);
  lock_give(&lock);
  assert_int_equal(lock_queue(&lock), 0);
}

static long counter;

static void *count(void *arg) {
  for (int i = 0; i < TIMES; i++) {
    if (!lock_take(&lock, INT64_MAX)) return NULL;
    counter++;
    if (i % 64 == 0) lock_give_way(&lock);
    else lock_give(&lock);
  }
  return NULL;
}

static void test_it_has_one_owner_at_a_time(void **state) {
  pthread_t threads[THREADS];
  counter = 0;
  for (int i = 0; i < THREADS; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, count, NULL), 0);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  assert_int_equal(counter, THREADS * TIMES);
  assert_int_equal(lock_queue(&lock), 0);
}

static void *take_in_time(void *arg) {
  int64_t *waited_us = arg, begun_us = clock_now_us();
  bool taken = lock_take(&lock, begun_us + 50000);
  *waited_us = taken ? -1 : clock_now_us() - begun_us;
  return NULL;
}

static void test_who_waits_leaves_at_the_deadline(void **state) {
  pthread_t thread;
  int64_t waited_us;
  assert_true(lock_take(&lock, INT64_MAX));
  pthread_create(&thread, NULL, take_in_time, &waited_us);
  pthread_join(thread, NULL);
  assert_true(waited_us >= 50000);
  lock_give(&lock);
  assert_true(lock_take(&lock, INT64_MAX));
  lock_give(&lock);
}

static void *take_for_ever(void *arg) {
  *(bool *)arg = lock_take(&lock, INT64_MAX);
  return NULL;
}

static void test_breaking_it_ends_all_waits_for_good(void **state) {
  pthread_t threads[THREADS];
  bool taken[THREADS];
  assert_true(lock_take(&lock, INT64_MAX));
  for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, take_for_ever, &taken[i]);
  while (lock_queue(&lock) < 1 + THREADS) usleep(1000);
  lock_break(&lock);
  for (int i = 0; i < THREADS; i++) {
    pthread_join(threads[i], NULL);
    assert_false(taken[i]);
  }
  assert_true(lock_is_broken(&lock));
  assert_int_equal(lock_queue(&lock), INT_MAX);
  assert_false(lock_take(&lock, INT64_MAX));
}

static void test_one_that_was_broken_while_it_was_held_is_given_to_nobody(void **state) {
  assert_true(lock_take(&lock, INT64_MAX));
  lock_break(&lock);
  lock_give(&lock);
  assert_int_equal(lock_queue(&lock), INT_MAX);
  assert_false(lock_try(&lock));
  lock_give(&lock);
  assert_false(lock_take(&lock, INT64_MAX));
}

static atomic_int round_now, rounds_seen;
static atomic_bool taken_when_broken;

static void *take_in_each_round(void *arg) {
  for (int seen = 0; seen < TIMES; seen++) {
    while (atomic_load(&round_now) == seen) continue;
    if (lock_take(&lock, INT64_MAX)) atomic_store(&taken_when_broken, true);
    atomic_store(&rounds_seen, seen + 1);
  }
  return NULL;
}

// The lock is broken and given at any point of the other thread's attempt.
static void test_who_spins_for_it_does_not_get_it_either(void **state) {
  pthread_t thread;
  atomic_store(&round_now, 0);
  pthread_create(&thread, NULL, take_in_each_round, NULL);
  for (int i = 0; i < TIMES; i++) {
    lock_init(&lock);
    assert_true(lock_take(&lock, INT64_MAX));
    atomic_store(&round_now, i + 1);
    for (int pause = i % 100; pause > 0; pause--) atomic_load(&rounds_seen);
    lock_break(&lock);
    lock_give(&lock);
    while (atomic_load(&rounds_seen) == i) continue;
  }
  pthread_join(thread, NULL);
  assert_false(atomic_load(&taken_when_broken));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup(test_it_is_free_held_and_free_again, begin),
    cmocka_unit_test_setup(test_it_has_one_owner_at_a_time, begin),
    cmocka_unit_test_setup(test_who_waits_leaves_at_the_deadline, begin),
    cmocka_unit_test_setup(test_breaking_it_ends_all_waits_for_good, begin),
    cmocka_unit_test_setup(test_one_that_was_broken_while_it_was_held_is_given_to_nobody, begin),
    cmocka_unit_test_setup(test_who_spins_for_it_does_not_get_it_either, begin),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
