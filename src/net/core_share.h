// A thread that always finds its next request keeps its core until the kernel's next tick, 4 ms at 250 Hz, whoever else
// waits for it: a proxy on the same machine, or another thread of its own process. With a CoreShare it makes short
// pauses while others compete for its core; it knows that they do because it has to wait for the core itself.
// sched_yield(2) would not do: where each session is a scheduling group, the core stays in the thread's own session.
#ifndef WEMOON_NET_CORE_SHARE_H
#define WEMOON_NET_CORE_SHARE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
  int schedstat;  // the thread's, as in proc(5); -1: the system has none, and the thread never pauses
  unsigned served;
  long waits;  // how often the thread had left its core by itself at the last look
  int64_t window_us,
      waited_us;  // when the window began, and how long the thread had waited for its core by then
  bool is_contended;
} CoreShare;

// For the calling thread.
void core_share_open(CoreShare *share);
void core_share_close(CoreShare *share);
// Call it after each request that the thread has served. It may pause for a tenth of a millisecond.
void core_share_served(CoreShare *share);

#endif
