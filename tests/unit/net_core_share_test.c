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

enum {
  REQUEST_US = 10,
  REQUESTS_UNTIL_LOOK = 16,
  CONTENDED_US = 500 * 1000,
  QUIET_RUN_US = 60 * 1000,  // with so much waiting at most:
  QUIET_US = 1500,
  PAGE_FAULTS = 4  // they may count as pauses
};

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
static long serve(CoreShare *share, int64_t us) {
  long before = pauses();
  for (int64_t end_us = clock_now_us() + us; clock_now_us() < end_us;) {
    work(REQUEST_US);
    core_share_served(share);
  }
  return pauses() - before;
}

static cpu_set_t two_cores;

// Of the first two that there are.
static void stay_on_one_core(void) {
  cpu_set_t ours, one;
  assert_int_equal(sched_getaffinity(0, sizeof ours, &ours), 0);
  CPU_ZERO(&one);
  for (size_t core = 0; core < CPU_SETSIZE; core++) {
    if (!CPU_ISSET(core, &ours)) continue;
    if (CPU_COUNT(&one) == 0) CPU_SET(core, &one);
    if (CPU_COUNT(&two_cores) < 2) CPU_SET(core, &two_cores);
  }
  assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
}

static atomic_bool stop;

static void *compete(void *arg) {
  while (!atomic_load(&stop)) work(REQUEST_US);
  return arg;
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

static void pauses_while_another_thread_needs_the_core(void **state) {
  (void)state;
  CoreShare share = { .core = -1 };
  pthread_t rival;
  atomic_store(&stop, false);
  assert_int_equal(pthread_create(&rival, NULL, compete, NULL), 0);
  long paused = 0;
  // With many others on the core a pause may last 50 ms.
  for (int i = 0; i < 40 && paused <= 10; i++) paused += serve(&share, CONTENDED_US);
  atomic_store(&stop, true);
  pthread_join(rival, NULL);
  if (waited_for_core_us() == 0) skip();  // the system does not tell
  assert_true(paused > 10);
}

static int cores_of_this_thread(void) {
  cpu_set_t cores;
  assert_int_equal(sched_getaffinity(0, sizeof cores, &cores), 0);
  return CPU_COUNT(&cores);
}

typedef struct {
  int core;
  int tries;
  bool was_bound;  // to one core, while rivals competed
  int where;       // on which core it ran then
  bool is_free;    // wherever the others may be, once it rested
} Binding;

static void *serve_beside_rivals(void *arg) {
  Binding *binding = arg;
  CoreShare share = { .core = binding->core };
  for (int i = 0; i < binding->tries && !binding->was_bound; i++) {
    serve(&share, CONTENDED_US / 5);
    binding->was_bound = cores_of_this_thread() == 1;
    binding->where = sched_getcpu();
  }
  for (int i = 0; i < 200 && !binding->is_free; i++) {
    for (int j = 0; j < REQUESTS_UNTIL_LOOK; j++) core_share_served(&share);
    usleep(30 * 1000);
    binding->is_free = cores_of_this_thread() > 1;
  }
  return NULL;
}

// All on two cores, which are the process's meanwhile.
static void compete_on_two_cores(Binding *binding) {
  pthread_t rivals[2], thread;
  cpu_set_t one;
  if (CPU_COUNT(&two_cores) < 2 || waited_for_core_us() == 0) skip();
  assert_int_equal(sched_getaffinity(0, sizeof one, &one), 0);
  assert_int_equal(sched_setaffinity(0, sizeof two_cores, &two_cores), 0);
  if (binding->core >= 0) binding->core = core_share_core(binding->core);
  atomic_store(&stop, false);
  for (int i = 0; i < 2; i++) assert_int_equal(pthread_create(&rivals[i], NULL, compete, NULL), 0);
  assert_int_equal(pthread_create(&thread, NULL, serve_beside_rivals, binding), 0);
  pthread_join(thread, NULL);
  atomic_store(&stop, true);
  for (int i = 0; i < 2; i++) pthread_join(rivals[i], NULL);
  assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
}

static void stays_on_its_core_while_others_compete(void **state) {
  (void)state;
  for (int n = 0; n < 2; n++) {
    Binding binding = { .core = n, .tries = 40 };
    compete_on_two_cores(&binding);
    assert_true(binding.was_bound);
    assert_int_equal(binding.where, binding.core);
    assert_true(binding.is_free);
  }
}

static void stays_nowhere_without_a_core(void **state) {
  (void)state;
  Binding binding = { .core = -1, .tries = 5 };
  compete_on_two_cores(&binding);
  assert_false(binding.was_bound);
}

static void numbers_the_cores_of_the_process(void **state) {
  (void)state;
  cpu_set_t one;
  sched_getaffinity(0, sizeof one, &one);
  assert_true(CPU_ISSET((size_t)core_share_core(0), &one));
  assert_int_equal(core_share_core(1), -1);
}

// Other programs may need the core meanwhile: only a run without them says something.
static void assert_does_not_pause_alone(CoreShare share) {
  for (int i = 0; i < 100; i++) {
    CoreShare fresh = share;
    int64_t before_us = waited_for_core_us();
    long paused = serve(&fresh, QUIET_RUN_US);
    if (waited_for_core_us() - before_us > QUIET_US) continue;
    assert_in_range(paused, 0, PAGE_FAULTS);
    return;
  }
  skip();
}

static void does_not_pause_alone(void **state) {
  (void)state;
  assert_does_not_pause_alone((CoreShare){ .core = -1 });
}

static struct rlimit limit_descriptors(rlim_t most) {
  struct rlimit before;
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ most, before.rlim_max }), 0);
  return before;
}

static void never_pauses_without_descriptors(void **state) {
  (void)state;
  CoreShare share = { .core = -1, .is_contended = true };
  struct rlimit before = limit_descriptors(0);
  long paused = serve(&share, QUIET_RUN_US);
  limit_descriptors(before.rlim_cur);
  assert_in_range(paused, 0, PAGE_FAULTS);
}

static void is_freed_without_descriptors(void **state) {
  (void)state;
  CoreShare share = { .core = core_share_core(0), .is_bound = true, .is_contended = true };
  struct rlimit before = limit_descriptors(0);
  serve(&share, QUIET_RUN_US);
  limit_descriptors(before.rlim_cur);
  assert_false(share.is_bound);
}

static int lowest_free_descriptor(void) {
  int fd = dup(0);
  assert_int_not_equal(fd, -1);
  close(fd);
  return fd;
}

static void keeps_no_descriptor(void **state) {
  (void)state;
  CoreShare share = { .core = -1 };
  int before = lowest_free_descriptor();
  for (int i = 0; i < REQUESTS_UNTIL_LOOK; i++) core_share_served(&share);
  assert_int_equal(lowest_free_descriptor(), before);
}

// The thread has waited for its core before, and not since.
static void does_not_pause_once_there_are_descriptors_again(void **state) {
  (void)state;
  CoreShare share = { .core = -1 };
  struct rlimit before = limit_descriptors(0);
  for (int i = 0; i < REQUESTS_UNTIL_LOOK; i++) core_share_served(&share);
  limit_descriptors(before.rlim_cur);
  assert_does_not_pause_alone(share);
}

int main(void) {
  stay_on_one_core();
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(pauses_while_another_thread_needs_the_core),
    cmocka_unit_test(does_not_pause_alone),
    cmocka_unit_test(never_pauses_without_descriptors),
    cmocka_unit_test(is_freed_without_descriptors),
    cmocka_unit_test(keeps_no_descriptor),
    cmocka_unit_test(does_not_pause_once_there_are_descriptors_again),
    cmocka_unit_test(numbers_the_cores_of_the_process),
    cmocka_unit_test(stays_on_its_core_while_others_compete),
    cmocka_unit_test(stays_nowhere_without_a_core),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
