// sched_setattr, which the service unit allows.
#include "base/scheduling.h"

#include <sched.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

// The kernel's struct sched_attr; glibc lacks it, and the kernel's header conflicts with glibc's.
typedef struct {
  uint32_t size, policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime_ns, deadline_ns, period_ns;
} Attributes;

enum { POLICY_NORMAL = 0, POLICY_BATCH = 3, POLICY_IDLE = 5 };

static bool set(int thread, Attributes *attributes) {
  attributes->size = sizeof *attributes;
  return syscall(SYS_sched_setattr, thread, attributes, 0) == 0;
}

bool scheduling_idle(int thread) { return set(thread, &(Attributes){ .policy = POLICY_IDLE }); }

bool scheduling_batch(void) {
  return set(0, &(Attributes){ .policy = POLICY_BATCH, .nice = getpriority(PRIO_PROCESS, 0) });
}

bool scheduling_restore(void) { return set(0, &(Attributes){ .policy = POLICY_NORMAL }); }
