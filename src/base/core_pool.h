// Things that are used again, kept for each core by itself: what one thread has just put back is still warm
// for the next on the same core, and cold for all others.
#ifndef WEMOON_BASE_CORE_POOL_H
#define WEMOON_BASE_CORE_POOL_H

#include "base/cpu.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

// A member of a thing that can be put on a list.
typedef struct Pooled {
  struct Pooled *next;
} Pooled;

enum { CORE_LISTS = 16 };  // cores beyond share

typedef struct {
  _Atomic(Pooled *) front;  // the one that was put back last
  pthread_mutex_t mutex;    // of those behind it
  Pooled *first;
  atomic_size_t count;
  char apart[CACHE_LINE];  // no two pool in one cache line
} CoreList;

typedef struct {
  CoreList list[CORE_LISTS];
} CorePool;

void core_pool_init(CorePool *pool);
// What core_pool_init does, for static ones.
#define CORE_POOL_INITIALIZER                                                                      \
  { .list[0 ... CORE_LISTS - 1].mutex = PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP }
void core_pool_clear(CorePool *pool);  // all are empty
// The one that was put back last on this core, else one of another core's; NULL: there is none at all.
Pooled *core_pool_take(CorePool *pool);
// On this core's list, which holds `most` at the most, one at the least. Returns the one that there is no
// room for, which need not be the same; NULL: there was room.
Pooled *core_pool_put(CorePool *pool, Pooled *thing, size_t most);

#endif
