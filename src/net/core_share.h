// A thread that always finds its next request keeps its core until the kernel's next tick, 4 ms at 250 Hz, even if others
// wait for it: a proxy on the same machine, or another thread of its own process. With a CoreShare it makes short
// pauses while others compete for its core; it knows that they do because it has to wait for the core itself.
// sched_yield(2) would not do: where each session is a scheduling group, the core stays in the thread's own session.
// A pause would not do either where the system has put two such threads on one core: each runs in the pauses of the
// other, and others that need the core wait for up to 50 ms. So a thread has a core, on which it stays meanwhile.
#ifndef WEMOON_NET_CORE_SHARE_H
#define WEMOON_NET_CORE_SHARE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
  int64_t ran_us, waited_us;  // of a thread since it began: on a core, and for one
} CoreTimes;

// All zero at first, but for `core`.
typedef struct {
  int core;  // where the thread stays while it is busy and others compete; -1: wherever the system puts it
  bool is_bound;
  unsigned served;
  long waits;         // how often the thread had left its core by itself at the last look
  int64_t window_us;  // when the window began...
  CoreTimes times;    // ...and its times then, if they are known
  bool is_known, is_contended;
} CoreShare;

// Returns the n-th core, from 0, of those that the process may use; -1 if it has fewer, and for -1.
int core_share_core(int n);
// Call it after each request that the calling thread, whose `share` is, has served. It may pause for a tenth of a
// millisecond; it never does where the system does not tell how long a thread waited (schedstat of proc(5)).
void core_share_served(CoreShare *share);

#endif
