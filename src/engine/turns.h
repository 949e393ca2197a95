// The queue of an engine's turns. The caller of these functions holds its lock.
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
  unsigned taken;
  atomic_size_t count;  // of all; read without the lock
} Turns;

void turns_add(Turns *turns, Turn *turn, TurnKind kind, int64_t now_us);
// Takes out the next turn: begun and in time, then new and in time, then begun and late, then new
// and late. Every tenth time late ones come first. NULL if there is none.
Turn *turns_take(Turns *turns, int64_t now_us);
// Takes out up to `most` turns that are new, movable and in time, those that came last, and returns
// them as a list.
Turn *turns_take_movable(Turns *turns, size_t most);

#endif
