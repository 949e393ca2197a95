// Counts what is under way at once, and limits it. Everything that enters leaves again.
#ifndef WEMOON_BOT_ADMISSION_H
#define WEMOON_BOT_ADMISSION_H

#include "base/cpu.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum {
  ADMIT_JOB,      // a message or a page that its script works on, or will; at most `most_jobs`
  ADMIT_WAITING,  // a request that waits for its answer without a thread; at most `most_waiting`
  ADMIT_KINDS
} AdmitKind;

typedef struct {
  int64_t most[ADMIT_KINDS];
  char apart[CACHE_LINE];  // keeps the counters out of the cache line of the limits
  atomic_int_least64_t under_way[ADMIT_KINDS];
  atomic_int_least64_t turns;  // messages that wait for theirs
  // Since when messages wait for a turn, and when one last had its turn in time.
  atomic_int_least64_t waiting_since_us, in_time_us;
} Admission;

void admission_init(Admission *admission, int64_t most_jobs, int64_t most_waiting);
// False if the limit is reached; otherwise admission_leave is called once.
bool admission_enter(Admission *admission, AdmitKind kind);
void admission_leave(Admission *admission, AdmitKind kind);
int64_t admission_count(Admission *admission, AdmitKind kind);
// A message begins to wait for its script's turn; its wait is over, with the turn or without.
void admission_turn_awaited(Admission *admission, int64_t now_us);
void admission_turn_over(Admission *admission);
// A message had its turn before its deadline.
void admission_turn_in_time(Admission *admission, int64_t now_us);
// Whether messages have waited for three seconds while none had its turn before its deadline.
bool admission_is_stalled(Admission *admission, int64_t now_us);
bool admission_is_empty(Admission *admission);

#endif
