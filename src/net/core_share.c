// How long a thread ran and how long it waited for a core are the first numbers of its schedstat.
#include "net/core_share.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cpu.h"

enum {
  EVERY = 16,             // requests between two looks: about 150 us of work
  WINDOW_US = 20 * 1000,  // others need the core if the thread had to wait for it...
  PART = 10,              // ...for more than a tenth of such a window
  PAUSE_NS = 1000,        // the kernel adds the timer slack of the thread, 50 us
  LONG_US = 1000          // after a longer pause: others compute, and do not wait for answers
};

// The file is not kept open: each thread would need a descriptor more than its connection's. To open it takes 2 us.
// Returns false where the system has none, or without descriptors.
static bool times_now(CoreTimes *times) {
  char text[96];
  int schedstat = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
  if (schedstat < 0) return false;
  ssize_t len = read(schedstat, text, sizeof text - 1);
  close(schedstat);
  if (len <= 0) return false;
  text[len] = '\0';
  long long ran_ns, waited_ns;
  if (sscanf(text, "%lld %lld", &ran_ns, &waited_ns) != 2) return false;
  *times = (CoreTimes){ ran_ns / 1000, waited_ns / 1000 };
  return true;
}

int core_share_core(int n) {
  cpu_set_t cores;
  if (!cpu_cores(&cores)) return -1;
  for (int core = 0; core < CPU_SETSIZE; core++) {
    if (CPU_ISSET((size_t)core, &cores) && n-- == 0) return core;
  }
  return -1;
}

// The cores of the process may have changed meanwhile.
static void bind_or_free(CoreShare *share, bool bound) {
  cpu_set_t cores, own;
  if (share->core < 0 || bound == share->is_bound || !cpu_cores(&cores)) return;
  CPU_ZERO(&own);
  CPU_SET((size_t)share->core, &own);
  CPU_AND(&own, &own, &cores);
  if (sched_setaffinity(0, sizeof own, bound ? &own : &cores) == 0) share->is_bound = bound;
}

// A thread with little to do is better off on whichever core is idle when it wakes.
static bool is_busy(CoreTimes spent, int64_t window_us) {
  return (spent.ran_us + spent.waited_us) * 2 > window_us;
}

// If the times are unknown, nothing counts as contended.
static void look_at_window(CoreShare *share) {
  CoreTimes now = { 0 }, spent = { 0 };
  int64_t now_us = clock_coarse_us(), window_us = now_us - share->window_us;
  if (window_us < WINDOW_US) return;
  bool was_known = share->is_known;
  share->is_known = times_now(&now);
  if (was_known && share->is_known)
    spent = (CoreTimes){ now.ran_us - share->times.ran_us, now.waited_us - share->times.waited_us };
  share->is_contended = spent.waited_us * PART > window_us;
  bind_or_free(share, share->is_contended && is_busy(spent, window_us));
  share->times = now;
  share->window_us = now_us;
}

// Whether the thread left its core by itself since the last look: others had the core then.
static bool has_waited(CoreShare *share) {
  struct rusage usage;
  if (getrusage(RUSAGE_THREAD, &usage) != 0) return true;
  bool waited = usage.ru_nvcsw != share->waits;
  share->waits = usage.ru_nvcsw;
  return waited;
}

// One who computes takes the core until a tick, each time: it gets one pause a window, and its share by the ticks.
static void pause_once(CoreShare *share) {
  int64_t began_us = clock_real_us();
  clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){ .tv_nsec = PAUSE_NS }, NULL);
  if (clock_real_us() - began_us > LONG_US) share->is_contended = false;
  share->waits++;
}

void core_share_served(CoreShare *share) {
  if (++share->served % EVERY != 0) return;
  look_at_window(share);
  if (share->is_contended && !has_waited(share)) pause_once(share);
}
