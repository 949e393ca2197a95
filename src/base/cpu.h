// The processor: which core a thread runs on, and the size of a cache line.
#ifndef WEMOON_BASE_CPU_H
#define WEMOON_BASE_CPU_H

#include <sched.h>
#include <stddef.h>

enum { CACHE_LINE = 64 };  // bytes

// A number below `count`, the same for all threads on this core. The kernel may move a thread at any time.
static inline size_t cpu_index(size_t count) {
  int core = sched_getcpu();
  return core < 0 ? 0 : (size_t)core % count;
}

#endif
