// What was put back last on a core is taken first there, and nothing is taken twice.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/shelves.h"
#include "core.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

static Shelves shelves;

static int set_up(void **state) {
  shelves_init(&shelves);
  return 0;
}

static int tear_down(void **state) {
  shelves_clear(&shelves);
  return 0;
}

static void test_an_empty_shelf_has_nothing(void **state) { assert_null(shelves_take(&shelves)); }

static void test_the_last_one_comes_first(void **state) {
  Shelved one, two, three;
  if (!stay_on_core(0)) skip();
  Shelved *all[] = { &one, &two, &three };
  for (int i = 0; i < 3; i++) assert_null(shelves_put(&shelves, all[i], 8));
  for (int i = 2; i >= 0; i--) assert_ptr_equal(shelves_take(&shelves), all[i]);
  assert_null(shelves_take(&shelves));
}

static void test_a_full_shelf_gives_one_back(void **state) {
  Shelved one, two, three;
  if (!stay_on_core(0)) skip();
  assert_null(shelves_put(&shelves, &one, 2));
  assert_null(shelves_put(&shelves, &two, 2));
  assert_ptr_equal(shelves_put(&shelves, &three, 2), &two);
  assert_ptr_equal(shelves_take(&shelves), &three);
  assert_ptr_equal(shelves_take(&shelves), &one);
  assert_null(shelves_put(&shelves, &one, 1));
  assert_ptr_equal(shelves_put(&shelves, &two, 1), &one);
  assert_ptr_equal(shelves_take(&shelves), &two);
}

static void test_a_core_takes_its_own_first_and_then_anothers(void **state) {
  Shelved here, there;
  if (!stay_on_core(1)) skip();
  assert_null(shelves_put(&shelves, &there, 8));
  assert_true(stay_on_core(0));
  assert_null(shelves_put(&shelves, &here, 8));
  assert_ptr_equal(shelves_take(&shelves), &here);
  assert_ptr_equal(shelves_take(&shelves), &there);
  assert_null(shelves_take(&shelves));
}

// ---- many threads -------------------------------------------------------------------------------

enum { THREADS = 8, ROUNDS = 100000 };

typedef struct {
  Shelved shelved;  // first
  atomic_int holders;
} Thing;

static void *use_and_put_back(void *arg) {
  for (int i = 0; i < ROUNDS; i++) {
    Thing *thing = (Thing *)shelves_take(&shelves);
    if (!thing) continue;
    assert_int_equal(atomic_fetch_add(&thing->holders, 1), 0);
    atomic_fetch_sub(&thing->holders, 1);
    assert_null(shelves_put(&shelves, &thing->shelved, SIZE_MAX));
  }
  return NULL;
}

static void assert_each_is_held_by_one(int count) {
  static Thing things[THREADS];
  pthread_t threads[THREADS];
  int left = 0;
  for (int i = 0; i < count; i++) shelves_put(&shelves, &things[i].shelved, SIZE_MAX);
  for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, use_and_put_back, NULL);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  while (shelves_take(&shelves)) left++;
  assert_int_equal(left, count);
}

static void test_nothing_is_held_by_two_and_nothing_is_lost(void **state) {
  assert_each_is_held_by_one(THREADS);
}

// Then threads on all cores reach for the same one.
static void test_one_for_all_is_held_by_one(void **state) { assert_each_is_held_by_one(1); }

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(nothing_is_held_by_two_and_nothing_is_lost),
    TEST(one_for_all_is_held_by_one),
    TEST(an_empty_shelf_has_nothing),
    TEST(the_last_one_comes_first),
    TEST(a_full_shelf_gives_one_back),
    TEST(a_core_takes_its_own_first_and_then_anothers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
