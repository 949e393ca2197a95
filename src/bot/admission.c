// One counter per kind.
#include "bot/admission.h"

#include <string.h>

enum { STALLED_US = 3000000 };

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

void admission_turn_awaited(Admission *admission, int64_t now_us) {
  if (atomic_fetch_add(&admission->turns, 1) == 0)
    atomic_store(&admission->waiting_since_us, now_us);
}

void admission_turn_over(Admission *admission) { atomic_fetch_sub(&admission->turns, 1); }

// Written only while messages wait: the write would move a cache line between cores.
void admission_turn_in_time(Admission *admission, int64_t now_us) {
  if (atomic_load_explicit(&admission->turns, memory_order_relaxed) > 0)
    atomic_store_explicit(&admission->in_time_us, now_us, memory_order_relaxed);
}

bool admission_is_stalled(Admission *admission, int64_t now_us) {
  return atomic_load(&admission->turns) > 0 &&
         now_us - atomic_load(&admission->waiting_since_us) >= STALLED_US &&
         now_us - atomic_load(&admission->in_time_us) >= STALLED_US;
}

bool admission_is_empty(Admission *admission) {
  for (AdmitKind kind = 0; kind < ADMIT_KINDS; kind++) {
    if (admission_count(admission, kind) > 0) return false;
  }
  return true;
}
