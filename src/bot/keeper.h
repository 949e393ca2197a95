// The thread that looks after what is kept in the store: conversations that time out, scripts whose process has ended.
#ifndef WEMOON_BOT_KEEPER_H
#define WEMOON_BOT_KEEPER_H

#include "bot/pool.h"
#include "script/keep.h"

typedef struct Keeper Keeper;

// NULL without memory or thread. Both outlive it.
Keeper *keeper_start(Keep *keep, Pool *pool, Err *err);
void keeper_stop(Keeper *keeper);  // NULL is allowed

#endif
