// The scripts' memory: garbage that a runaway script has left is collected and given back to the system; near
// script_memory_mb there is a warning, and idle conversations leave; an interpreter that stays full is replaced.
#ifndef WEMOON_BOT_MEMORY_WATCH_H
#define WEMOON_BOT_MEMORY_WATCH_H

#include "bot/pool.h"

typedef struct MemoryWatch MemoryWatch;

// Both outlive it. NULL without memory.
MemoryWatch *memory_watch_new(Pool *pool, BotShared *shared);
void memory_watch_free(MemoryWatch *watch);  // NULL is allowed
// From time to time, a few times a second, on a thread that may wait and on which scripts can be loaded. Always the same.
void memory_watch_look(MemoryWatch *watch, int64_t now_us);

#endif
