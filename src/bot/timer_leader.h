// Which of the processes on one store runs the script's timers: the one that holds a lease.
#ifndef WEMOON_BOT_TIMER_LEADER_H
#define WEMOON_BOT_TIMER_LEADER_H

#include "script/interpreter.h"
#include "store/store.h"

// How long after a process has died another one takes over its timers.
enum { TIMER_LEADER_LEASE_MS = 6000 };

typedef struct TimerLeader TimerLeader;

// Says in shared->timers_elsewhere whether this process runs timers: not before it has the lease, which it asks for
// once shared->timers says that there are some. While the store is away all stays as it is. Store and shared
// outlive it. NULL without memory.
TimerLeader *timer_leader_new(Store *store, Str account, BotShared *shared);
// Gives the lease back, so that another process has it at once. NULL is allowed.
void timer_leader_free(TimerLeader *leader);
// Asks for the lease or prolongs it when it is time. Call it every half second or more often; does
// not wait.
void timer_leader_look(TimerLeader *leader, int64_t now_us);

#endif
