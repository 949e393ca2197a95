// base/handles: a number finds its thing, and nothing else, for as long as it is there.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/handles.h"

static Handles handles;

static int begin(void **state) {
  handles_init(&handles);
  return 0;
}

static int end(void **state) {
  handles_clear(&handles);
  return 0;
}

static void test_a_number_finds_its_thing(void **state) {
  int things[100];
  uint64_t ids[100];
  for (int i = 0; i < 100; i++) {
    ids[i] = handles_add(&handles, &things[i]);
    assert_true(ids[i] != 0);
  }
  for (int i = 0; i < 100; i++) assert_ptr_equal(handles_get(&handles, ids[i]), &things[i]);
}

static void test_a_number_of_what_is_gone_finds_nothing_even_when_its_place_is_taken(void **state) {
  int first, second;
  uint64_t old = handles_add(&handles, &first);
  handles_remove(&handles, old);
  assert_null(handles_get(&handles, old));
  uint64_t fresh = handles_add(&handles, &second);
  assert_int_equal((uint32_t)fresh, (uint32_t)old);
  assert_null(handles_get(&handles, old));
  assert_ptr_equal(handles_get(&handles, fresh), &second);
}

static void test_numbers_that_were_never_given_find_nothing(void **state) {
  int thing;
  assert_null(handles_get(&handles, 0));
  assert_null(handles_get(&handles, UINT64_MAX));
  uint64_t id = handles_add(&handles, &thing);
  assert_null(handles_get(&handles, id + 1));
  assert_null(handles_get(&handles, id + ((uint64_t)1 << 32)));
}

static void test_places_are_used_again(void **state) {
  int thing;
  for (int i = 0; i < 10000; i++) handles_remove(&handles, handles_add(&handles, &thing));
  assert_true(handles.count < 100);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(test_a_number_finds_its_thing, begin, end),
    cmocka_unit_test_setup_teardown(
        test_a_number_of_what_is_gone_finds_nothing_even_when_its_place_is_taken, begin, end),
    cmocka_unit_test_setup_teardown(test_numbers_that_were_never_given_find_nothing, begin, end),
    cmocka_unit_test_setup_teardown(test_places_are_used_again, begin, end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
