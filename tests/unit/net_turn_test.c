// Turns on the CPU: short ones for a thread that serves, with nothing else about it changed, and passed to who waits.
#include "net/turn.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "slice.h"

// On a thread of its own, whose scheduling ends with it.
static void on_a_thread(void *(*fn)(void *), void *arg) {
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, fn, arg), 0);
  pthread_join(thread, NULL);
}

static void *shorten(void *arg) {
  turn_shorten();
  *(Slice *)arg = slice_here();
  return NULL;
}

static void test_a_turn_is_short(void **state) {
  Slice slice;
  if (!slices_are_kept()) skip();
  on_a_thread(shorten, &slice);
  assert_int_equal(slice.slice_ns, 300 * 1000);
}

static void *shorten_as_batch(void *arg) {
  sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){ 0 });
  setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), 7);
  return shorten(arg);
}

static void test_policy_and_nice_value_stay(void **state) {
  Slice slice;
  on_a_thread(shorten_as_batch, &slice);
  assert_int_equal(slice.policy, SCHED_BATCH);
  assert_int_equal(slice.nice, 7);
}

static void *shorten_in_real_time(void *arg) {
  if (sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){ 5 }) != 0) return NULL;
  return shorten(arg);
}

static void test_who_has_no_turns_gets_none(void **state) {
  Slice slice = { .policy = SCHED_OTHER };
  on_a_thread(shorten_in_real_time, &slice);
  if (slice.policy == SCHED_OTHER) skip();  // no right to real time here
  assert_int_equal(slice.policy, SCHED_FIFO);
  assert_int_equal(slice.priority, 5);
}

// ---- passing ----------------------------------------------------------------------------------------------------------

static atomic_int turns;
static atomic_bool enough;

static void *count_turns(void *arg) {
  while (!atomic_load(&enough)) {
    atomic_fetch_add(&turns, 1);
    sched_yield();
  }
  return NULL;
}

static void stay_on_one_core(void) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET((size_t)sched_getcpu(), &one);
  sched_setaffinity(0, sizeof one, &one);
}

// Two threads share a core. A hundred passes take microseconds if they pass nothing, and then the other has not run.
static void *pass_turns(void *arg) {
  pthread_t other;
  stay_on_one_core();
  pthread_create(&other, NULL, count_turns, NULL);
  while (atomic_load(&turns) == 0) usleep(100);
  int before = atomic_load(&turns);
  for (int i = 0; i < 100; i++) turn_pass();
  *(int *)arg = atomic_load(&turns) - before;
  atomic_store(&enough, true);
  pthread_join(other, NULL);
  return NULL;
}

static void test_a_turn_that_is_passed_is_anothers(void **state) {
  int others = 0;
  on_a_thread(pass_turns, &others);
  assert_true(others >= 10);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_a_turn_is_short),
    cmocka_unit_test(test_policy_and_nice_value_stay),
    cmocka_unit_test(test_who_has_no_turns_gets_none),
    cmocka_unit_test(test_a_turn_that_is_passed_is_anothers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
