// net/answer_bytes: what all threads together hold stays within its limit.
#include "net/answer_bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>

enum { THREADS = 4, ROUNDS = 2000000, MB = 1 << 20 };

typedef bool Hold(size_t *counted, size_t now);

static void assert_nothing_is_held(Hold *hold, size_t max) {
  size_t all = 0, more = 0;
  assert_true(hold(&all, max));
  assert_false(hold(&more, ANSWER_BYTES_SMALL + 1));
  assert_true(hold(&all, 0));
}

static void test_more_is_refused_and_less_never_is(void **state) {
  size_t one = 0, other = 0;
  assert_true(answer_bytes_hold(&one, ANSWER_BYTES_MAX - MB));
  assert_true(answer_bytes_hold(&other, MB));
  assert_false(answer_bytes_hold(&other, MB + 1));
  assert_int_equal(other, MB);
  assert_true(answer_bytes_hold(&one, MB));
  assert_true(answer_bytes_hold(&other, 2 * MB));
  assert_int_equal(other, 2 * MB);
  assert_false(answer_bytes_hold(&one, SIZE_MAX));
  assert_true(answer_bytes_hold(&one, 0));
  assert_true(answer_bytes_hold(&other, 0));
  assert_nothing_is_held(answer_bytes_hold, ANSWER_BYTES_MAX);
}

static void test_what_is_small_is_not_counted(void **state) {
  size_t small = 0, all = 0;
  assert_true(answer_bytes_hold(&small, ANSWER_BYTES_SMALL));
  assert_int_equal(small, 0);
  assert_true(answer_bytes_hold(&all, ANSWER_BYTES_MAX));
  assert_true(answer_bytes_hold(&small, ANSWER_BYTES_SMALL));
  assert_false(answer_bytes_hold(&small, ANSWER_BYTES_SMALL + 1));
  assert_true(answer_bytes_hold(&all, 0));
}

// A small text may become a hundred times as much, and there may be thousands.
static void test_of_json_everything_is_counted(void **state) {
  size_t small = 0, all = 0;
  assert_true(answer_json_hold(&small, 1));
  assert_int_equal(small, 1);
  assert_false(answer_json_hold(&all, ANSWER_JSON_MAX));
  assert_true(answer_json_hold(&small, 0));
  assert_true(answer_json_hold(&all, ANSWER_JSON_MAX));
  assert_true(answer_json_hold(&all, 0));
}

static void test_small_json_finds_room_where_large_finds_none(void **state) {
  size_t large = 0, more = 0, small[ANSWER_JSON_SPARE / ANSWER_JSON_SMALL] = { 0 }, one = 0;
  enum { SMALLS = sizeof small / sizeof *small };
  assert_true(answer_json_hold(&large, ANSWER_JSON_MAX));
  assert_false(answer_json_hold(&more, ANSWER_JSON_SMALL + 1));
  for (int i = 0; i < SMALLS; i++) assert_true(answer_json_hold(&small[i], ANSWER_JSON_SMALL));
  assert_false(answer_json_hold(&one, 1));
  assert_false(answer_json_hold(&more, ANSWER_JSON_SMALL + 1));
  assert_true(answer_json_hold(&large, ANSWER_JSON_MAX - 1));  // less is never refused
  assert_true(answer_json_hold(&one, 1));
  for (int i = 0; i < SMALLS; i++) assert_true(answer_json_hold(&small[i], 0));
  assert_true(answer_json_hold(&one, 0));
  assert_true(answer_json_hold(&large, 0));
}

static void test_bytes_and_what_they_become_have_a_sum_each(void **state) {
  size_t bytes = 0, json = 0;
  assert_true(answer_bytes_hold(&bytes, ANSWER_BYTES_MAX));
  assert_true(answer_json_hold(&json, ANSWER_JSON_MAX));
  assert_true(answer_bytes_hold(&bytes, 0));
  assert_true(answer_json_hold(&json, 0));
}

// What the threads hold for sure: counted after it is held, and no more before it is given back.
static atomic_size_t sure;
static atomic_bool is_beyond;
static pthread_barrier_t all_there;

static void *hold_and_give_back(void *unused) {
  size_t counted = 0;
  pthread_barrier_wait(&all_there);
  for (int i = 0; i < ROUNDS; i++) {
    size_t wanted = i % 16 ? MB : ANSWER_BYTES_MAX / 2 - MB;
    if (!answer_bytes_hold(&counted, wanted)) continue;
    if (atomic_fetch_add(&sure, wanted) + wanted > ANSWER_BYTES_MAX) is_beyond = true;
    atomic_fetch_sub(&sure, wanted);
    answer_bytes_hold(&counted, 0);
  }
  return NULL;
}

static void test_threads_together_never_hold_more_and_lose_nothing(void **state) {
  pthread_t threads[THREADS];
  pthread_barrier_init(&all_there, NULL, THREADS);
  for (int i = 0; i < THREADS; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, hold_and_give_back, NULL), 0);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  pthread_barrier_destroy(&all_there);
  assert_false(is_beyond);
  assert_nothing_is_held(answer_bytes_hold, ANSWER_BYTES_MAX);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_more_is_refused_and_less_never_is),
    cmocka_unit_test(test_what_is_small_is_not_counted),
    cmocka_unit_test(test_of_json_everything_is_counted),
    cmocka_unit_test(test_small_json_finds_room_where_large_finds_none),
    cmocka_unit_test(test_bytes_and_what_they_become_have_a_sum_each),
    cmocka_unit_test(test_threads_together_never_hold_more_and_lose_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
