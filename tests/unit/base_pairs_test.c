// base/pairs: an ordered list of names and values.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/pairs.h"

static void test_pairs_keep_their_order_and_count_repetitions(void **state) {
  Arena *arena = arena_new();
  Pairs pairs = { 0 };
  assert_true(pairs_add(&pairs, arena, STR("a"), STR("1")));
  assert_true(pairs_add(&pairs, arena, STR("b"), STR("2")));
  assert_true(pairs_add(&pairs, arena, STR("a"), STR("3")));
  Str value = STR("untouched");
  assert_int_equal(pairs_get(&pairs, STR("a"), &value), 2);
  assert_true(str_eq(value, STR("1")));
  assert_int_equal(pairs_get(&pairs, STR("B"), &value), 0);
  assert_true(str_eq(value, STR("1")));
  assert_int_equal(pairs_get_nocase(&pairs, STR("B"), &value), 1);
  assert_true(str_eq(value, STR("2")));
  assert_int_equal(pairs_get(&pairs, STR("a"), NULL), 2);
  assert_int_equal(pairs.count, 3);
  assert_true(str_eq(pairs.first->next->next->value, STR("3")));
  arena_free(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_pairs_keep_their_order_and_count_repetitions),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
