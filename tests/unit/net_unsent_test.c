// The list of answers whose clients have not taken all of them.
#include "net/unsent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

static void test_what_is_added_and_removed_leaves_an_empty_list(void **state) {
  UnsentList list;
  Unsent items[3] = { 0 };
  unsent_init(&list, SIZE_MAX);
  for (int i = 0; i < 3; i++) unsent_add(&list, &items[i], 1000);
  assert_int_equal(list.count, 3);
  assert_int_equal(list.bytes, 3000);
  for (int i = 0; i < 3; i++) unsent_remove(&list, &items[(i + 1) % 3]);
  unsent_remove(&list, &items[0]);  // once more
  assert_int_equal(list.count, 0);
  assert_int_equal(list.bytes, 0);
  assert_null(unsent_excess(&list));
}

static void test_the_oldest_is_to_go_when_all_are_too_large(void **state) {
  UnsentList list;
  Unsent items[3] = { 0 };
  unsent_init(&list, SIZE_MAX);
  for (int i = 0; i < 2; i++) unsent_add(&list, &items[i], UNSENT_BYTES_MOST / 2);
  assert_null(unsent_excess(&list));
  unsent_add(&list, &items[2], 1);
  assert_ptr_equal(unsent_excess(&list), &items[0]);
  unsent_remove(&list, &items[0]);
  assert_null(unsent_excess(&list));
}

static void test_the_oldest_is_to_go_when_there_are_too_many(void **state) {
  UnsentList list;
  Unsent items[UNSENT_MOST + 1] = { 0 };
  unsent_init(&list, SIZE_MAX);
  for (int i = 0; i < UNSENT_MOST; i++) unsent_add(&list, &items[i], 1);
  assert_null(unsent_excess(&list));
  unsent_add(&list, &items[UNSENT_MOST], 1);
  assert_ptr_equal(unsent_excess(&list), &items[0]);
}

static void test_there_may_be_fewer_where_descriptors_are_few(void **state) {
  UnsentList list;
  Unsent items[3] = { 0 };
  unsent_init(&list, 2);
  for (int i = 0; i < 3; i++) unsent_add(&list, &items[i], 1);
  assert_ptr_equal(unsent_excess(&list), &items[0]);
}

static void test_the_only_one_may_be_of_any_size(void **state) {
  UnsentList list;
  Unsent one = { 0 };
  unsent_init(&list, SIZE_MAX);
  unsent_add(&list, &one, (size_t)UNSENT_BYTES_MOST * 2);
  assert_null(unsent_excess(&list));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_what_is_added_and_removed_leaves_an_empty_list),
    cmocka_unit_test(test_the_oldest_is_to_go_when_all_are_too_large),
    cmocka_unit_test(test_the_oldest_is_to_go_when_there_are_too_many),
    cmocka_unit_test(test_there_may_be_fewer_where_descriptors_are_few),
    cmocka_unit_test(test_the_only_one_may_be_of_any_size),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
