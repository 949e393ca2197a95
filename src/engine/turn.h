// Turns: the queue of work that waits for a busy engine.
#ifndef WEMOON_ENGINE_TURN_H
#define WEMOON_ENGINE_TURN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Engine Engine;

// One place in the queue. The owner sets `take`, `due_us` and `movable`, and must not touch the turn until `take` is
// called. `take` is called once.
typedef struct Turn {
  // Called on the engine's own thread, which has not entered the engine. If `there` is false, the turn will not come
  // (the engine was given up or is closing, or engine_give_turns_away removed the turn), and the thread may be any.
  void (*take)(struct Turn *turn, bool there);
  int64_t due_us;  // monotonic: the turn is late from then on; INT64_MAX: it is as a late one
  bool movable;    // engine_give_turns_away may remove the turn
  struct Turn *next;
} Turn;

// Queues a new turn: after the turns of tasks that have begun and are in time, before late turns; but every tenth time,
// a late turn comes first. False if the engine was given up or is closing: `take` is not called then. Any thread.
bool engine_await_turn(Engine *engine, Turn *turn);
// Removes up to `most` turns that are new, movable and still in time, the last queued ones, and calls their `take` with
// `there` false on this thread. Any thread.
void engine_give_turns_away(Engine *engine, size_t most);

#endif
