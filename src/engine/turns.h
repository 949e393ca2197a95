// The queue of an engine's turns. The caller of these functions holds the inbox's mutex.
#ifndef WEMOON_ENGINE_TURNS_H
#define WEMOON_ENGINE_TURNS_H

#include <stdatomic.h>
#include <stddef.h>

#include "engine/turn.h"

typedef enum { TURN_BEGUN, TURN_NEW, TURN_KINDS } TurnKind;

typedef struct {
  Turn *first, *last;
} TurnList;

typedef struct {
  TurnList in_time[TURN_KINDS], late[TURN_KINDS];  // each first come, first served
  unsigned taken;                                  // turns taken so far
  atomic_size_t count;                             // of all turns; may be read without the mutex
} Turns;

// Queues a turn behind those of its kind. It is late at once if its due_us is not after `now_us`, or
// INT64_MAX.
void turns_add(Turns *turns, Turn *turn, TurnKind kind, int64_t now_us);
// Removes and returns the next turn: begun and in time, then new and in time, then begun and late, then new and late.
// Every tenth time, late turns come first. NULL if there is none.
Turn *turns_take(Turns *turns, int64_t now_us);
// Removes up to `most` turns that are new, movable and in time, the last queued ones, and returns them as a list.
Turn *turns_take_movable(Turns *turns, size_t most);

#endif
