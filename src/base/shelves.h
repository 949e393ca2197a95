// Things that are used again, kept for each core by itself: what one thread has just put back is still warm
// for the next on the same core, and cold for all others.
#ifndef WEMOON_BASE_SHELVES_H
#define WEMOON_BASE_SHELVES_H

#include "base/cpu.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

// A member of a thing that can be put on a shelf.
typedef struct Shelved {
  struct Shelved *next;
} Shelved;

enum { SHELVES = 16 };  // cores beyond share

typedef struct {
  _Atomic(Shelved *) front;  // the one that was put back last
  pthread_mutex_t mutex;     // of those behind it
  Shelved *first;
  atomic_size_t count;
  char apart[CACHE_LINE];  // no two shelves in one cache line
} Shelf;

typedef struct {
  Shelf shelf[SHELVES];
} Shelves;

void shelves_init(Shelves *shelves);
// What shelves_init does, for static ones.
#define SHELVES_INITIALIZER                                                                        \
  { .shelf[0 ... SHELVES - 1].mutex = PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP }
void shelves_clear(Shelves *shelves);  // all are empty
// The one that was put back last on this core, else one of another core's; NULL: there is none at all.
Shelved *shelves_take(Shelves *shelves);
// On this core's shelf, which holds `most` at the most, one at the least. Returns the one that there is no
// room for, which need not be the same; NULL: there was room.
Shelved *shelves_put(Shelves *shelves, Shelved *thing, size_t most);

#endif
