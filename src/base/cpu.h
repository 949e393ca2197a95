// The processor's cores: which one this is, and what they hand each other.
#ifndef WEMOON_BASE_CPU_H
#define WEMOON_BASE_CPU_H

#include <sched.h>
#include <stddef.h>

enum { CACHE_LINE = 64 };  // bytes that go from core to core together

// One of `count` numbers, the same for all threads that run on this core now; they may be moved at any time.
static inline size_t cpu_index(size_t count) {
  int core = sched_getcpu();
  return core < 0 ? 0 : (size_t)core % count;
}

#endif
