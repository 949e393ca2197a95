// What was put back last on a core is taken first there, and nothing is taken twice.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/shelves.h"

#include <sched.h>
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

// False where this machine has no such core.
static bool move_to(int core) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(core, &cores);
  return sched_setaffinity(0, sizeof cores, &cores) == 0;
}

static void test_an_empty_shelf_has_nothing(void **state) { assert_null(shelves_take(&shelves)); }

static void test_the_last_one_comes_first(void **state) {
  Shelved one, two;
  if (!move_to(0)) skip();
  assert_true(shelves_put(&shelves, &one, 8));
  assert_true(shelves_put(&shelves, &two, 8));
  assert_ptr_equal(shelves_take(&shelves), &two);
  assert_ptr_equal(shelves_take(&shelves), &one);
  assert_null(shelves_take(&shelves));
}

static void test_a_full_shelf_takes_no_more(void **state) {
  Shelved one, two;
  if (!move_to(0)) skip();
  assert_true(shelves_put(&shelves, &one, 1));
  assert_false(shelves_put(&shelves, &two, 1));
  assert_ptr_equal(shelves_take(&shelves), &one);
}

static void test_a_core_takes_its_own_first_and_then_anothers(void **state) {
  Shelved here, there;
  if (!move_to(1)) skip();
  assert_true(shelves_put(&shelves, &there, 8));
  assert_true(move_to(0));
  assert_true(shelves_put(&shelves, &here, 8));
  assert_ptr_equal(shelves_take(&shelves), &here);
  assert_ptr_equal(shelves_take(&shelves), &there);
  assert_null(shelves_take(&shelves));
}

// ---- many threads -------------------------------------------------------------------------------

enum { THREADS = 8, ROUNDS = 20000 };

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
    assert_true(shelves_put(&shelves, &thing->shelved, SIZE_MAX));
  }
  return NULL;
}

static void test_nothing_is_held_by_two_and_nothing_is_lost(void **state) {
  static Thing things[THREADS];
  pthread_t threads[THREADS];
  int left = 0;
  for (int i = 0; i < THREADS; i++) shelves_put(&shelves, &things[i].shelved, SIZE_MAX);
  for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, use_and_put_back, NULL);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  while (shelves_take(&shelves)) left++;
  assert_int_equal(left, THREADS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(nothing_is_held_by_two_and_nothing_is_lost),
    TEST(an_empty_shelf_has_nothing),
    TEST(the_last_one_comes_first),
    TEST(a_full_shelf_takes_no_more),
    TEST(a_core_takes_its_own_first_and_then_anothers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
