// How urgent a thread is to the scheduler.
#ifndef WEMOON_BASE_PRIORITY_H
#define WEMOON_BASE_PRIORITY_H

#include <stdbool.h>

// Thread `thread` (its number in the system) runs only where no other wants the core (SCHED_IDLE). False if the system
// refuses.
bool priority_idle(int thread);
// The calling thread runs as others do again. False if it may not: that takes root, or RLIMIT_NICE of 20 or more.
bool priority_restore(void);

#endif
