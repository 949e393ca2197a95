// How the kernel schedules a thread: its policy.
#ifndef WEMOON_BASE_SCHEDULING_H
#define WEMOON_BASE_SCHEDULING_H

#include <stdbool.h>

// Runs thread `thread` (its kernel thread id) only on cores that are otherwise idle (SCHED_IDLE). False if the system
// refuses.
bool scheduling_idle(int thread);
// When the calling thread is woken, it stops no other thread, but waits for its turn (SCHED_BATCH); its share is as
// before. False if the system refuses.
bool scheduling_batch(void);
// Runs the calling thread like others again. False if it may not: that takes root, or RLIMIT_NICE of 20 or more.
bool scheduling_restore(void);

#endif
