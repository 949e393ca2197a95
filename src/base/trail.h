// What one message causes, as bot/capture.h notes it down: counted by all that work for the message.
#ifndef WEMOON_BASE_TRAIL_H
#define WEMOON_BASE_TRAIL_H

#include <stdatomic.h>

#include "base/str.h"

typedef enum { TRAIL_CALL, TRAIL_LATE } TrailKind;

typedef struct Trail {
  atomic_int holders;
  // Notes one JSON value; any thread, does not wait.
  void (*note)(struct Trail *trail, TrailKind kind, Str json);
  // The last holder has let go: frees it.
  void (*over)(struct Trail *trail);
} Trail;

// NULL is allowed for both.
static inline Trail *trail_hold(Trail *trail) {
  if (trail) atomic_fetch_add_explicit(&trail->holders, 1, memory_order_relaxed);
  return trail;
}

// Drops a reference; the last one calls `over`. NULL is allowed.
static inline void trail_drop(Trail *trail) {
  if (trail && atomic_fetch_sub_explicit(&trail->holders, 1, memory_order_acq_rel) == 1)
    trail->over(trail);
}

#endif
