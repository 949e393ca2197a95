// Memory that dies together: one arena per message. Not for two threads at once.
#ifndef WEMOON_BASE_ARENA_H
#define WEMOON_BASE_ARENA_H

#include "base/str.h"

typedef struct Arena Arena;

// A new, empty arena, or NULL without memory. Free with arena_free.
Arena *arena_new(void);
// The same with a small first block, just large enough for one request. Thousands of waiting messages have one each.
Arena *arena_new_small(void);
void arena_free(Arena *arena);  // NULL is allowed
// Forgets all that was allocated but keeps the first block, so that the next message costs no malloc.
void arena_reset(Arena *arena);
// Uninitialised bytes, aligned for any type; NULL without memory. The arena alone frees them.
void *arena_alloc(Arena *arena, size_t size);
void *arena_calloc(Arena *arena, size_t count, size_t size);  // zeroed; NULL without memory
// A NUL-terminated copy of `s`; ptr is NULL only without memory.
Str arena_dup(Arena *arena, Str s);
// The same of two texts, one behind the other.
Str arena_join(Arena *arena, Str a, Str b);
__attribute__((format(printf, 2, 3))) Str arena_printf(Arena *arena, const char *format, ...);
// Calls release(thing) when the arena is freed or reset, last registered first: for what an arena cannot hold
// itself, such as a descriptor. False without memory: the thing is still the caller's.
bool arena_on_free(Arena *arena, void (*release)(void *thing), void *thing);

#endif
