// A busy thread that shares its core.
#include "net/core_share.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"

enum { REQUEST_US = 10, RUN_US = 500 * 1000, QUIET_US = 1500 };

static void work(int64_t us) {
  int64_t end_us = clock_thread_cpu_us() + us;
  while (clock_thread_cpu_us() < end_us) {
  }
}

static long pauses(void) {
  struct rusage usage;
  assert_int_equal(getrusage(RUSAGE_THREAD, &usage), 0);
  return usage.ru_nvcsw;
}

// Serves for a while without waiting; returns how often the thread paused.
static long serve(CoreShare *share) {
  long before = pauses();
  for (int64_t end_us = clock_now_us() + RUN_US; clock_now_us() < end_us;) {
    work(REQUEST_US);
    core_share_served(share);
  }
  return pauses() - before;
}

static void stay_on_one_core(void) {
  cpu_set_t ours, one;
  assert_int_equal(sched_getaffinity(0, sizeof ours, &ours), 0);
  CPU_ZERO(&one);
  for (size_t core = 0; CPU_COUNT(&one) == 0; core++)
    if (CPU_ISSET(core, &ours)) CPU_SET(core, &one);
  assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
}

static atomic_bool stop;

static void *compete(void *arg) {
  while (!atomic_load(&stop)) work(REQUEST_US);
  return arg;
}

static void pauses_while_another_thread_needs_the_core(void **state) {
  (void)state;
  CoreShare share;
  pthread_t rival;
  core_share_open(&share);
  if (share.schedstat < 0) skip();
  atomic_store(&stop, false);
  assert_int_equal(pthread_create(&rival, NULL, compete, NULL), 0);
  assert_true(serve(&share) > 10);
  atomic_store(&stop, true);
  pthread_join(rival, NULL);
  core_share_close(&share);
}

static int64_t waited_for_core_us(void) {
  long long ran_ns = 0, waited_ns = 0;
  FILE *schedstat = fopen("/proc/thread-self/schedstat", "re");
  if (schedstat) {
    assert_int_equal(fscanf(schedstat, "%lld %lld", &ran_ns, &waited_ns), 2);
    fclose(schedstat);
  }
  return waited_ns / 1000;
}

// Other programs may need the core meanwhile: only a run without them says something.
static void does_not_pause_alone(void **state) {
  (void)state;
  for (int i = 0; i < 20; i++) {
    CoreShare share;
    int64_t before_us = waited_for_core_us();
    core_share_open(&share);
    long paused = serve(&share);
    core_share_close(&share);
    if (waited_for_core_us() - before_us > QUIET_US) continue;
    assert_true(paused < 5);  // a page fault may count as one
    return;
  }
  skip();
}

static void never_pauses_without_schedstat(void **state) {
  (void)state;
  CoreShare share = { .schedstat = -1, .is_contended = true };
  assert_int_equal(serve(&share), 0);
}

int main(void) {
  stay_on_one_core();
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(pauses_while_another_thread_needs_the_core),
    cmocka_unit_test(does_not_pause_alone),
    cmocka_unit_test(never_pauses_without_schedstat),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
