// A thread that always finds its next request keeps its core until the kernel's next tick, 4 ms at 250 Hz, even if others
// wait for it: a proxy on the same machine, or another thread of its own process. With a CoreShare it makes short
// pauses while others compete for its core; it knows that they do because it has to wait for the core itself.
// sched_yield(2) would not do: where each session is a scheduling group, the core stays in the thread's own session.
#ifndef WEMOON_NET_CORE_SHARE_H
#define WEMOON_NET_CORE_SHARE_H

#include <stdbool.h>
#include <stdint.h>

// All zero at first.
typedef struct {
  unsigned served;
  long waits;  // how often the thread had left its core by itself at the last look
  // When the window began, and how long the thread had waited for its core by then; -1: unknown.
  int64_t window_us, waited_us;
  bool is_contended;
} CoreShare;

// Call it after each request that the calling thread, whose `share` is, has served. It may pause for a tenth of a
// millisecond; it never does where the system does not tell how long a thread waited (schedstat of proc(5)).
void core_share_served(CoreShare *share);

#endif
