// What the kernel knows of the calling thread's scheduling.
#ifndef WEMOON_TESTS_UNIT_SLICE_H
#define WEMOON_TESTS_UNIT_SLICE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

typedef struct {
  uint32_t size, policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t slice_ns, deadline_ns, period_ns;
} Slice;

static inline Slice slice_here(void) {
  Slice slice = { 0 };
  syscall(SYS_sched_getattr, 0, &slice, sizeof slice, 0);
  return slice;
}

// Whether a thread may have a slice of its own.
static inline bool slices_are_kept(void) {
  struct utsname kernel;
  int major = 0, minor = 0;
  uname(&kernel);
  sscanf(kernel.release, "%d.%d", &major, &minor);
  return major > 6 || (major == 6 && minor >= 12);
}

#endif
