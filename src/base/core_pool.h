// A pool of reusable objects with one free list per core: an object that a thread has just put back is still in the
// cache of its core.
#ifndef WEMOON_BASE_CORE_POOL_H
#define WEMOON_BASE_CORE_POOL_H

#include "base/cpu.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

// Embedded in a pooled object.
typedef struct Pooled {
  struct Pooled *next;
} Pooled;

enum { CORE_LISTS = 16 };  // machines with more cores share lists

typedef struct {
  _Atomic(Pooled *) front;  // the object that was put back last
  pthread_mutex_t mutex;    // protects the list behind it
  Pooled *first;
  atomic_size_t count;
  char apart[CACHE_LINE];  // keeps two lists out of one cache line
} CoreList;

typedef struct {
  CoreList list[CORE_LISTS];
} CorePool;

void core_pool_init(CorePool *pool);  // clear it with core_pool_clear
// The same for a static pool.
#define CORE_POOL_INITIALIZER                                                                      \
  { .list[0 ... CORE_LISTS - 1].mutex = PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP }
void core_pool_clear(CorePool *pool);  // every list is empty by now
// The object that was put back last on this core, else one from another core; NULL if the pool is empty.
Pooled *core_pool_take(CorePool *pool);
// Puts an object on this core's list, which holds up to `most` objects, at least one. NULL, or the object that did not
// fit (perhaps another one): the caller frees it.
Pooled *core_pool_put(CorePool *pool, Pooled *thing, size_t most);
// The same for the list of a core that cpu_index(CORE_LISTS) named before: to ask costs as much as to take.
Pooled *core_pool_take_at(CorePool *pool, size_t core);
Pooled *core_pool_put_at(CorePool *pool, size_t core, Pooled *thing, size_t most);

#endif
