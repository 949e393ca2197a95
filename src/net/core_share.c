// How long a thread waited for its core is the second number of its schedstat.
#include "net/core_share.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

enum {
  EVERY = 16,             // requests between two looks: about 150 us of work
  WINDOW_US = 20 * 1000,  // others need the core if the thread had to wait for it...
  PART = 10,              // ...for more than a tenth of such a window
  PAUSE_NS = 1000,        // the kernel adds the timer slack of the thread, 50 us
  LONG_US = 1000          // after a longer pause: others compute, and do not wait for answers
};

// Of the calling thread. The file is not kept open: each thread would need a descriptor more than its connection's. To
// open it takes 2 us. Returns -1 where the system has none, or without descriptors.
static int64_t waited_for_core_us(void) {
  char text[96];
  int schedstat = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
  if (schedstat < 0) return -1;
  ssize_t len = read(schedstat, text, sizeof text - 1);
  close(schedstat);
  if (len <= 0) return -1;
  text[len] = '\0';
  long long ran_ns, waited_ns;
  return sscanf(text, "%lld %lld", &ran_ns, &waited_ns) == 2 ? waited_ns / 1000 : -1;
}

static void look_at_window(CoreShare *share) {
  int64_t now_us = clock_coarse_us(), window_us = now_us - share->window_us;
  if (window_us < WINDOW_US) return;
  int64_t waited_us = waited_for_core_us();
  bool is_known = waited_us >= 0 && share->waited_us >= 0;
  share->is_contended = is_known && (waited_us - share->waited_us) * PART > window_us;
  share->window_us = now_us;
  share->waited_us = waited_us;
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
