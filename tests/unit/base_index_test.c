// Every number is found by its hash, whatever was removed around it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/index.h"

static Index numbers;

static int set_up(void **state) {
  index_init(&numbers);
  return 0;
}

static int tear_down(void **state) {
  index_clear(&numbers);
  return 0;
}

static bool has(uint32_t hash, uint32_t wanted) {
  uint32_t number;
  for (uint32_t at = hash; (number = index_next(&numbers, hash, &at)) != INDEX_NONE;) {
    if (number == wanted) return true;
  }
  return false;
}

static void test_an_empty_one_has_nothing(void **state) { assert_false(has(0, 0)); }

static void test_a_hash_may_have_several_numbers(void **state) {
  for (uint32_t i = 0; i < 5; i++) assert_true(index_add(&numbers, 7, i));
  assert_true(index_add(&numbers, 8, 5));
  index_remove(&numbers, 7, 2);
  for (uint32_t i = 0; i < 5; i++) assert_int_equal(has(7, i), i != 2);
  assert_true(has(8, 5));
  assert_false(has(7, 5));
}

static void test_what_lies_over_the_end_of_the_slots_is_found_and_moves_up(void **state) {
  uint32_t last = UINT32_MAX;  // the last slot is where it belongs, whatever their count
  for (uint32_t i = 0; i < 4; i++) assert_true(index_add(&numbers, last, i));
  assert_true(index_add(&numbers, 1, 4));
  index_remove(&numbers, last, 0);
  for (uint32_t i = 1; i < 4; i++) assert_true(has(last, i));
  assert_true(has(1, 4));
}

enum { NUMBERS = 20000 };

// Beside a plain array of what is in it: few different hashes, so that they stray far and meet.
static void test_numbers_that_come_and_go_are_found_as_long_as_they_are_there(void **state) {
  static uint32_t hash_of[NUMBERS];
  static bool there[NUMBERS];
  srand(5);
  for (int step = 0; step < 400000; step++) {
    uint32_t number = (uint32_t)rand() % (step < 200000 ? NUMBERS : 500);
    if (there[number]) {
      index_remove(&numbers, hash_of[number], number);
    } else {
      hash_of[number] = (uint32_t)(rand() % 3000) * (step % 2 ? 1 : 1000003);
      assert_true(index_add(&numbers, hash_of[number], number));
    }
    there[number] = !there[number];
    uint32_t other = (uint32_t)rand() % NUMBERS;
    assert_int_equal(has(hash_of[other], other), there[other]);
  }
  for (uint32_t i = 0; i < NUMBERS; i++) assert_int_equal(has(hash_of[i], i), there[i]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)

static void test_an_element_that_moved_is_found_under_its_new_number(void **state) {
  for (uint32_t i = 0; i < 5; i++) assert_true(index_add(&numbers, i % 2, i));
  index_move(&numbers, 0, 2, 17);
  assert_false(has(0, 2));
  assert_true(has(0, 17));
  index_remove(&numbers, 0, 17);
  assert_false(has(0, 17));
  assert_true(has(0, 0) && has(0, 4) && has(1, 1) && has(1, 3));
}

static void test_the_memory_of_what_has_left_is_given_back(void **state) {
  for (uint32_t i = 0; i < NUMBERS; i++) assert_true(index_add(&numbers, i * 7919, i));
  uint32_t mask = numbers.mask;
  index_shrink(&numbers);
  assert_int_equal(numbers.mask, mask);
  for (uint32_t i = 100; i < NUMBERS; i++) index_remove(&numbers, i * 7919, i);
  index_shrink(&numbers);
  assert_true(numbers.mask < mask / 8);
  for (uint32_t i = 0; i < 200; i++) assert_int_equal(has(i * 7919, i), i < 100);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(an_empty_one_has_nothing),
    TEST(a_hash_may_have_several_numbers),
    TEST(what_lies_over_the_end_of_the_slots_is_found_and_moves_up),
    TEST(numbers_that_come_and_go_are_found_as_long_as_they_are_there),
    TEST(an_element_that_moved_is_found_under_its_new_number),
    TEST(the_memory_of_what_has_left_is_given_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
