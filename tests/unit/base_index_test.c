// Every number is found by its hash, whatever was removed around it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/index.h"

static bool has(const Index *index, uint32_t hash, uint32_t wanted) {
  uint32_t number;
  for (uint32_t at = hash; (number = index_next(index, hash, &at)) != INDEX_NONE;) {
    if (number == wanted) return true;
  }
  return false;
}

static void test_an_empty_one_has_nothing(void **state) {
  (void)state;
  Index index;
  index_init(&index);
  assert_false(has(&index, 0, 0));
  index_clear(&index);
}

static void test_a_hash_may_have_several_numbers(void **state) {
  (void)state;
  Index index;
  index_init(&index);
  for (uint32_t i = 0; i < 5; i++) assert_true(index_add(&index, 7, i));
  assert_true(index_add(&index, 8, 5));
  index_remove(&index, 7, 2);
  for (uint32_t i = 0; i < 5; i++) assert_int_equal(has(&index, 7, i), i != 2);
  assert_true(has(&index, 8, 5));
  assert_false(has(&index, 7, 5));
  index_clear(&index);
}

static void test_what_lies_over_the_end_of_the_slots_is_found_and_moves_up(void **state) {
  (void)state;
  Index index;
  index_init(&index);
  uint32_t last = UINT32_MAX;  // the last slot is where it belongs, whatever their count
  for (uint32_t i = 0; i < 4; i++) assert_true(index_add(&index, last, i));
  assert_true(index_add(&index, 1, 4));
  index_remove(&index, last, 0);
  for (uint32_t i = 1; i < 4; i++) assert_true(has(&index, last, i));
  assert_true(has(&index, 1, 4));
  index_clear(&index);
}

enum { NUMBERS = 20000 };

// Beside a plain array of what is in it: few different hashes, so that they stray far and meet.
static void test_numbers_that_come_and_go_are_found_as_long_as_they_are_there(void **state) {
  (void)state;
  static uint32_t hash_of[NUMBERS];
  static bool there[NUMBERS];
  Index index;
  index_init(&index);
  srand(5);
  for (int step = 0; step < 400000; step++) {
    uint32_t number = (uint32_t)rand() % (step < 200000 ? NUMBERS : 500);
    if (there[number]) {
      index_remove(&index, hash_of[number], number);
    } else {
      hash_of[number] = (uint32_t)(rand() % 3000) * (step % 2 ? 1 : 1000003);
      assert_true(index_add(&index, hash_of[number], number));
    }
    there[number] = !there[number];
    uint32_t other = (uint32_t)rand() % NUMBERS;
    assert_int_equal(has(&index, hash_of[other], other), there[other]);
  }
  for (uint32_t i = 0; i < NUMBERS; i++) assert_int_equal(has(&index, hash_of[i], i), there[i]);
  index_clear(&index);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_an_empty_one_has_nothing),
    cmocka_unit_test(test_a_hash_may_have_several_numbers),
    cmocka_unit_test(test_what_lies_over_the_end_of_the_slots_is_found_and_moves_up),
    cmocka_unit_test(test_numbers_that_come_and_go_are_found_as_long_as_they_are_there),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
