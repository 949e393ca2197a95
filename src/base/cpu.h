// The processor: its cores, and the size of a cache line.
#ifndef WEMOON_BASE_CPU_H
#define WEMOON_BASE_CPU_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

enum { CACHE_LINE = 64 };  // bytes

// A number below `count`, the same for all threads on this core. The kernel may move a thread at any time.
static inline size_t cpu_index(size_t count) {
  int core = sched_getcpu();
  return core < 0 ? 0 : (size_t)core % count;
}

// The cores that the process may use: those of its first thread, even if the calling one is bound to fewer. False if
// the system does not tell.
static inline bool cpu_cores(cpu_set_t *cores) {
  return sched_getaffinity(getpid(), sizeof *cores, cores) == 0;
}

#endif
