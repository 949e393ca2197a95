// Chooses the process on a store that runs the script's timers: the one that holds a lease.
#ifndef WEMOON_BOT_TIMER_LEADER_H
#define WEMOON_BOT_TIMER_LEADER_H

#include "script/interpreter.h"
#include "store/store.h"

// The time after which another process takes over the timers of a process that has died.
enum { TIMER_LEADER_LEASE_MS = 6000 };

typedef struct TimerLeader TimerLeader;

// Sets shared->timers_elsewhere unless this process holds the lease and so runs the timers. Asks for the lease once
// shared->timers says that there are timers. While the store is away, nothing changes. `store`, `account` and `shared`
// outlive the leader. Returns NULL without memory.
TimerLeader *timer_leader_new(Store *store, Str account, BotShared *shared);
// Releases the lease, so that another process can take it at once, and frees the leader. NULL is allowed.
void timer_leader_free(TimerLeader *leader);
// Asks for the lease or renews it when due. Call it at least every half second; does not wait.
void timer_leader_look(TimerLeader *leader, int64_t now_us);

#endif
