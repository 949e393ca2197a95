// Counts jobs and waiting requests, and limits how many there are at once. Each one that enters must leave.
#ifndef WEMOON_BOT_ADMISSION_H
#define WEMOON_BOT_ADMISSION_H

#include "base/cpu.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum {
  ADMIT_JOB,      // a message or a page whose script runs or will run; at most `most_jobs`
  ADMIT_WAITING,  // a request that waits for its answer without a thread; at most `most_waiting`
  ADMIT_KINDS
} AdmitKind;

typedef struct {
  int64_t most[ADMIT_KINDS];
  char apart[CACHE_LINE];  // keeps the counters out of the cache line of the limits
  atomic_int_least64_t under_way[ADMIT_KINDS];
  atomic_int_least64_t turns;  // messages that wait for their script's turn
  // When messages began to wait for a turn, and when a message last had its turn before its deadline.
  atomic_int_least64_t waiting_since_us, in_time_us;
} Admission;

void admission_init(Admission *admission, int64_t most_jobs, int64_t most_waiting);
// Returns false if the limit is reached; otherwise the caller calls admission_leave once.
bool admission_enter(Admission *admission, AdmitKind kind);
void admission_leave(Admission *admission, AdmitKind kind);     // once for each that entered
int64_t admission_count(Admission *admission, AdmitKind kind);  // how many are under way
// Counts a message that begins to wait for its script's turn, and ends the count once the wait is over, with or without
// the turn.
void admission_turn_awaited(Admission *admission, int64_t now_us);
void admission_turn_over(Admission *admission);
// Notes that a message had its turn before its deadline.
void admission_turn_in_time(Admission *admission, int64_t now_us);
// Returns whether messages have waited for three seconds while none had its turn before its deadline.
bool admission_is_stalled(Admission *admission, int64_t now_us);
bool admission_is_empty(Admission *admission);  // nothing of either kind is under way

#endif
