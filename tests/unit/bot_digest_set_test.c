// Texts are known until they expire, in the order in which they were added, and leave no memory behind.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "bot/digest_set.h"

#include <stdlib.h>

enum { MANY = 300000 };

static Str text_of(int number, char room[32]) {
  return str_make(room, (size_t)snprintf(room, 32, "text %d", number));
}

static bool add(DigestSet *set, int number, int64_t expires_us) {
  char room[32];
  return digest_set_add(set, text_of(number, room), 1, expires_us);
}

static int try(DigestSet *set, int number, int64_t now_us) {
  char room[32];
  return digest_set_try(set, text_of(number, room), 1, now_us);
}

static void test_what_was_added_is_known_until_it_expires(void **state) {
  DigestSet *set = digest_set_new();
  assert_int_equal(try(set, 1, 0), 0);
  assert_true(add(set, 1, 5000));
  assert_true(add(set, 2, 7000));
  assert_int_not_equal(try(set, 1, 4999), 0);
  assert_int_equal(try(set, 1, 5000), 0);
  assert_int_not_equal(try(set, 2, 5000), 0);
  assert_int_equal(try(set, 3, 5000), 0);
  assert_true(add(set, 1, 9000));  // once more
  assert_int_not_equal(try(set, 1, 8999), 0);
  digest_set_free(set);
}

static void test_tries_are_counted_as_far_as_there_is_room(void **state) {
  DigestSet *set = digest_set_new();
  assert_true(digest_set_add(set, STR("a"), 2, 1000));
  assert_true(digest_set_add(set, STR("b"), 1000, 1000));
  assert_int_equal(digest_set_try(set, STR("a"), 0, 1), 2);
  assert_int_equal(digest_set_try(set, STR("a"), 1, 1), 3);
  assert_int_equal(digest_set_try(set, STR("a"), 1, 1), 4);
  assert_int_equal(digest_set_try(set, STR("b"), 1, 1), DIGEST_SET_TRIES_MAX);
  digest_set_free(set);
}

// One a microsecond, so that a chunk's members expire at times of their own.
static void test_many_are_known_and_expire_in_order_and_their_memory_is_given_back(void **state) {
  DigestSet *set = digest_set_new();
  size_t empty = digest_set_bytes(set);
  for (int i = 0; i < MANY; i++) assert_true(add(set, i, 1000 * (i + 1)));
  assert_int_equal(digest_set_count(set), MANY);
  assert_in_range(digest_set_bytes(set) / MANY, 25, 31);
  for (int i = 0; i < MANY; i++) assert_int_equal(try(set, i, 0), 2);
  for (int gone = 0; gone < MANY; gone += MANY / 10) {
    digest_set_expire(set, 1000 * gone, MANY);
    assert_int_equal(digest_set_count(set), MANY - gone);
    for (int i = gone ? gone - 100 : 0; i < gone + 100; i++)
      assert_int_equal(try(set, i, 1000 * gone) > 0, i >= gone);
  }
  for (int i = 0; i < 10; i++) digest_set_expire(set, 1000 * MANY, MANY / 20);
  assert_int_equal(digest_set_count(set), 0);
  for (int i = 0; i < 10; i++) digest_set_expire(set, 1000 * MANY, 1);
  assert_true(digest_set_bytes(set) < empty + 16384);
  digest_set_free(set);
}

static void test_no_more_are_removed_at_once_than_is_said(void **state) {
  DigestSet *set = digest_set_new();
  for (int i = 0; i < 100; i++) add(set, i, 1000);
  digest_set_expire(set, 1000, 30);
  assert_int_equal(digest_set_count(set), 70);
  digest_set_expire(set, 999, 30);
  assert_int_equal(digest_set_count(set), 70);
  digest_set_free(set);
}

static void test_a_text_that_has_expired_leaves_alone(void **state) {
  DigestSet *set = digest_set_new();
  for (int i = 0; i < 3000; i++) add(set, i, 1000);
  assert_int_equal(try(set, 2000, 1000), 0);
  assert_int_equal(digest_set_count(set), 3000);
  assert_true(add(set, 2000, 9000));
  assert_int_equal(try(set, 2000, 1000), 2);
  digest_set_expire(set, 1000, MANY);
  assert_int_equal(digest_set_count(set), 1);
  assert_int_equal(try(set, 2000, 1000), 3);
  digest_set_free(set);
}

// Days pass while one chunk is filled: what its first member does not let it say is said by another chunk.
static void test_a_text_a_day_is_known_for_a_day(void **state) {
  const int64_t day_us = 86400000000;
  DigestSet *set = digest_set_new();
  for (int64_t i = 0; i < 30; i++) {
    assert_true(add(set, (int)i, (i + 2) * day_us));
    assert_int_not_equal(try(set, (int)i, (i + 2) * day_us - 1), 0);
    if (i > 1) assert_int_equal(try(set, (int)i - 2, i * day_us), 0);
    digest_set_expire(set, i * day_us, 1);
  }
  digest_set_free(set);
}

// A random walk beside an array that holds each text's expiry.
static void test_it_knows_what_a_simple_model_knows(void **state) {
  enum { TEXTS = 5000, STEPS = 200000 };
  static int64_t expires_us[TEXTS];
  DigestSet *set = digest_set_new();
  int64_t now_us = 1;
  srand(1);
  for (int i = 0; i < STEPS; i++) {
    int number = rand() % TEXTS;
    bool known = expires_us[number] > now_us;
    assert_int_equal(try(set, number, now_us) > 0, known);
    if (!known && rand() % 2) {
      expires_us[number] = now_us + 3000000;
      assert_true(add(set, number, expires_us[number]));
    }
    now_us += 1000 * (rand() % 100 ? rand() % 2 : rand() % 1000);
    digest_set_expire(set, now_us, (size_t)(rand() % 3));
  }
  digest_set_free(set);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_what_was_added_is_known_until_it_expires),
    cmocka_unit_test(test_tries_are_counted_as_far_as_there_is_room),
    cmocka_unit_test(test_many_are_known_and_expire_in_order_and_their_memory_is_given_back),
    cmocka_unit_test(test_no_more_are_removed_at_once_than_is_said),
    cmocka_unit_test(test_a_text_that_has_expired_leaves_alone),
    cmocka_unit_test(test_a_text_a_day_is_known_for_a_day),
    cmocka_unit_test(test_it_knows_what_a_simple_model_knows),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
