// The time slice on the CPU: as long as a round takes, with no other property of the thread changed, and passed to
// waiting threads.
#include "net/timeslice.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "base/scheduling.h"
#include "core.h"
#include "slice.h"

// Runs `fn` on its own thread, whose scheduling ends with it.
static void on_a_thread(void *(*fn)(void *), void *arg) {
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, fn, arg), 0);
  pthread_join(thread, NULL);
}

static void *shorten(void *arg) {
  scheduling_slice(TIMESLICE_SHORTEST_US);
  *(Slice *)arg = slice_here();
  return NULL;
}

static void test_a_turn_is_as_long_as_it_was_set(void **state) {
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

// ---- length -------------------------------------------------------------------------------------

static void
test_turns_are_as_long_as_a_round_of_those_who_are_likely_to_have_a_request(void **state) {
  int plain = timeslice_for(256, 2, 12, 0.6), sealed = timeslice_for(256, 2, 18, 0.6);
  int crowded = timeslice_for(512, 2, 12, 0.6);
  assert_in_range(plain, 900, 1500);
  assert_in_range(sealed, plain * 14 / 10, plain * 16 / 10);
  assert_in_range(crowded, plain * 19 / 10, plain * 21 / 10);
  assert_in_range(timeslice_for(256, 1, 12, 0.6), plain * 19 / 10, plain * 21 / 10);
  assert_in_range(timeslice_for(256, 2, 12, 0.3), plain * 4 / 10, plain * 6 / 10);
}

static void test_turns_have_bounds(void **state) {
  assert_int_equal(timeslice_for(0, 2, 12, 1), TIMESLICE_SHORTEST_US);
  assert_int_equal(timeslice_for(1, 64, 0.001, 0), TIMESLICE_SHORTEST_US);
  assert_int_equal(timeslice_for(100000, 1, 1e12, 1), TIMESLICE_LONGEST_US);
}

static void test_what_requests_cost_is_measured(void **state) {
  Timeslice timeslice;
  timeslice_init(&timeslice);
  assert_true(timeslice.cores >= 1);
  timeslice.cores = 1;
  timeslice_measure(&timeslice, 1000000, 0, 1000);
  burn_cpu(20000);
  timeslice_measure(&timeslice, 1040000, 100,
                    3000);  // 2000 requests of 10 us on a core that is half busy
  assert_in_range(timeslice_us(&timeslice), 590, 1200);
  int before_us = timeslice_us(&timeslice);
  burn_cpu(20500);
  timeslice_measure(&timeslice, 1080000, 100, 5000);  // nearly the same
  assert_int_equal(timeslice_us(&timeslice), before_us);
  burn_cpu(10000);
  timeslice_measure(&timeslice, 1120000, 100, 7000);  // of 5 us, a quarter busy
  assert_int_equal(timeslice_us(&timeslice), TIMESLICE_SHORTEST_US);
}

static void test_few_requests_and_the_first_measurement_say_nothing(void **state) {
  Timeslice timeslice;
  timeslice_init(&timeslice);
  burn_cpu(20000);
  timeslice_measure(&timeslice, 20000, 1000, 1000);
  assert_int_equal(timeslice_us(&timeslice), TIMESLICE_SHORTEST_US);
  burn_cpu(20000);
  timeslice_measure(&timeslice, 40000, 10, 1010);
  assert_int_equal(timeslice_us(&timeslice), TIMESLICE_SHORTEST_US);
}

// ---- passing ------------------------------------------------------------------------------------

static atomic_int turns_taken;
static atomic_bool enough;

static void *count_turns(void *arg) {
  while (!atomic_load(&enough)) {
    atomic_fetch_add(&turns_taken, 1);
    sched_yield();
  }
  return NULL;
}

// Two threads share a core. If a pass has no effect, a hundred passes take microseconds, and the other thread has not
// run.
static void *pass_turns(void *arg) {
  pthread_t other;
  stay_on_core(sched_getcpu());
  pthread_create(&other, NULL, count_turns, NULL);
  while (atomic_load(&turns_taken) == 0) usleep(100);
  int before = atomic_load(&turns_taken);
  for (int i = 0; i < 100; i++) timeslice_yield();
  *(int *)arg = atomic_load(&turns_taken) - before;
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
    cmocka_unit_test(test_a_turn_is_as_long_as_it_was_set),
    cmocka_unit_test(test_policy_and_nice_value_stay),
    cmocka_unit_test(test_who_has_no_turns_gets_none),
    cmocka_unit_test(test_turns_are_as_long_as_a_round_of_those_who_are_likely_to_have_a_request),
    cmocka_unit_test(test_turns_have_bounds),
    cmocka_unit_test(test_what_requests_cost_is_measured),
    cmocka_unit_test(test_few_requests_and_the_first_measurement_say_nothing),
    cmocka_unit_test(test_a_turn_that_is_passed_is_anothers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
