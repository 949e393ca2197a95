// What is under way at once, counted in one place: what enters leaves again.
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
  char apart
      [CACHE_LINE];  // what each message writes is not in one cache line with what all of them read
  atomic_int_least64_t under_way[ADMIT_KINDS];
  atomic_int_least64_t turns;  // messages that wait for theirs
  // Since when there are any, and when one had its turn in time while others waited.
  atomic_int_least64_t waiting_since_us, in_time_us;
} Admission;

void admission_init(Admission *admission, int64_t most_jobs, int64_t most_waiting);
// False when as many are under way as may be; else admission_leave is called once.
bool admission_enter(Admission *admission, AdmitKind kind);
void admission_leave(Admission *admission, AdmitKind kind);
int64_t admission_count(Admission *admission, AdmitKind kind);
// A message waits for its script's turn; it has it, or does not want it any more.
void admission_turn_awaited(Admission *admission, int64_t now_us);
void admission_turn_over(Admission *admission);
// A message had its turn before its deadline.
void admission_turn_in_time(Admission *admission, int64_t now_us);
// Messages have waited for three seconds, and in that time none had its turn before its deadline.
bool admission_is_stalled(Admission *admission, int64_t now_us);
bool admission_is_empty(Admission *admission);

#endif
