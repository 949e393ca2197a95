// The thread that maintains the bot's data in the store: conversations that time out, scripts whose process has ended,
// kept answers, and news from other processes.
#ifndef WEMOON_BOT_MAINTENANCE_H
#define WEMOON_BOT_MAINTENANCE_H

#include "bot/pool.h"
#include "script/keep.h"

typedef struct Maintenance Maintenance;

typedef struct {
  Keep *keep;
  Pool *pool;
  Store *store;
  Str account;  // distinguishes it from other accounts on the store
  BotShared *shared;
} Kept;

// Starts the thread. Returns NULL without memory or thread. `kept` and what it points to outlive the maintenance.
Maintenance *maintenance_start(const Kept *kept, Err *err);
// Waits until the owed messages of processes that have ended are this process's, or until `until_us` (monotonic). A
// message that arrives after that runs behind those of its user.
void maintenance_await_owed(Maintenance *maintenance, int64_t until_us);
void maintenance_stop(Maintenance *maintenance);  // NULL is allowed

#endif
