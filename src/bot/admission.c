// A count for each kind.
#include "bot/admission.h"

#include <string.h>

void admission_init(Admission *admission, int64_t most_jobs, int64_t most_waiting) {
  memset(admission, 0, sizeof *admission);
  admission->most[ADMIT_JOB] = most_jobs;
  admission->most[ADMIT_WAITING] = most_waiting;
}

bool admission_enter(Admission *admission, AdmitKind kind) {
  int64_t before = atomic_fetch_add_explicit(&admission->under_way[kind], 1, memory_order_relaxed);
  if (before < admission->most[kind]) return true;
  admission_leave(admission, kind);
  return false;
}

void admission_leave(Admission *admission, AdmitKind kind) {
  atomic_fetch_sub_explicit(&admission->under_way[kind], 1, memory_order_release);
}

int64_t admission_count(Admission *admission, AdmitKind kind) {
  return atomic_load_explicit(&admission->under_way[kind], memory_order_acquire);
}

bool admission_is_empty(Admission *admission) {
  for (AdmitKind kind = 0; kind < ADMIT_KINDS; kind++) {
    if (admission_count(admission, kind) > 0) return false;
  }
  return true;
}
