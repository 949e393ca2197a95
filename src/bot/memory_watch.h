// Watches the scripts' memory. Collects garbage that a runaway script has left and returns it to the system. Near
// script_memory_mb, logs a warning and lets idle conversations leave memory. Replaces an interpreter that stays full.
#ifndef WEMOON_BOT_MEMORY_WATCH_H
#define WEMOON_BOT_MEMORY_WATCH_H

#include "bot/pool.h"

typedef struct MemoryWatch MemoryWatch;

// Both arguments outlive the watch. Returns NULL without memory.
MemoryWatch *memory_watch_new(Pool *pool, BotShared *shared);
void memory_watch_free(MemoryWatch *watch);  // NULL is allowed
// Checks the memory. Call it a few times a second, always on the same thread, which may block and can load scripts.
void memory_watch_look(MemoryWatch *watch, int64_t now_us);

#endif
