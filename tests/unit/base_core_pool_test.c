// What was put back last on a core is taken first there, and nothing is taken twice.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/core_pool.h"
#include "core.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

static CorePool pool;

static int set_up(void **state) {
  core_pool_init(&pool);
  return 0;
}

static int tear_down(void **state) {
  core_pool_clear(&pool);
  return 0;
}

static void test_an_empty_shelf_has_nothing(void **state) { assert_null(core_pool_take(&pool)); }

static void test_the_last_one_comes_first(void **state) {
  Pooled one, two, three;
  if (!stay_on_core(0)) skip();
  Pooled *all[] = { &one, &two, &three };
  for (int i = 0; i < 3; i++) assert_null(core_pool_put(&pool, all[i], 8));
  for (int i = 2; i >= 0; i--) assert_ptr_equal(core_pool_take(&pool), all[i]);
  assert_null(core_pool_take(&pool));
}

static void test_a_full_shelf_gives_one_back(void **state) {
  Pooled one, two, three;
  if (!stay_on_core(0)) skip();
  assert_null(core_pool_put(&pool, &one, 2));
  assert_null(core_pool_put(&pool, &two, 2));
  assert_ptr_equal(core_pool_put(&pool, &three, 2), &two);
  assert_ptr_equal(core_pool_take(&pool), &three);
  assert_ptr_equal(core_pool_take(&pool), &one);
  assert_null(core_pool_put(&pool, &one, 1));
  assert_ptr_equal(core_pool_put(&pool, &two, 1), &one);
  assert_ptr_equal(core_pool_take(&pool), &two);
}

static void test_a_core_takes_its_own_first_and_then_anothers(void **state) {
  Pooled here, there;
  if (!stay_on_core(1)) skip();
  assert_null(core_pool_put(&pool, &there, 8));
  assert_true(stay_on_core(0));
  assert_null(core_pool_put(&pool, &here, 8));
  assert_ptr_equal(core_pool_take(&pool), &here);
  assert_ptr_equal(core_pool_take(&pool), &there);
  assert_null(core_pool_take(&pool));
}

// ---- many threads -------------------------------------------------------------------------------

enum { THREADS = 8, ROUNDS = 100000 };

typedef struct {
  Pooled pooled;  // first
  atomic_int holders;
} Thing;

static void *use_and_put_back(void *arg) {
  for (int i = 0; i < ROUNDS; i++) {
    Thing *thing = (Thing *)core_pool_take(&pool);
    if (!thing) continue;
    assert_int_equal(atomic_fetch_add(&thing->holders, 1), 0);
    atomic_fetch_sub(&thing->holders, 1);
    assert_null(core_pool_put(&pool, &thing->pooled, SIZE_MAX));
  }
  return NULL;
}

static void assert_each_is_held_by_one(int count) {
  static Thing things[THREADS];
  pthread_t threads[THREADS];
  int left = 0;
  for (int i = 0; i < count; i++) core_pool_put(&pool, &things[i].pooled, SIZE_MAX);
  for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, use_and_put_back, NULL);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  while (core_pool_take(&pool)) left++;
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
