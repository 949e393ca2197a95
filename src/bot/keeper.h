// The thread that looks after what is in the store: conversations that time out, scripts whose process has ended,
// answers that are kept, and what other processes have learned.
#ifndef WEMOON_BOT_KEEPER_H
#define WEMOON_BOT_KEEPER_H

#include "bot/pool.h"
#include "script/keep.h"

typedef struct Keeper Keeper;

typedef struct {
  Keep *keep;
  Pool *pool;
  Store *store;
  Str account;  // tells it from others on the store
  BotShared *shared;
} Kept;

// NULL without memory or thread. What it is given outlives it.
Keeper *keeper_start(const Kept *kept, Err *err);
void keeper_stop(Keeper *keeper);  // NULL is allowed

#endif
