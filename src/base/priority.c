// sched_setattr, the one call of its kind that the service unit allows.
#include "base/priority.h"

#include <sched.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

// The kernel's struct sched_attr; glibc has none, and the kernel's header does not go together with glibc's.
typedef struct {
  uint32_t size, policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime_ns, deadline_ns, period_ns;
} Attributes;

enum { POLICY_NORMAL = 0, POLICY_IDLE = 5 };

static bool set(int thread, uint32_t policy) {
  Attributes attributes = { .size = sizeof attributes, .policy = policy };
  return syscall(SYS_sched_setattr, thread, &attributes, 0) == 0;
}

bool priority_idle(int thread) { return set(thread, POLICY_IDLE); }

bool priority_restore(void) { return set(0, POLICY_NORMAL); }
