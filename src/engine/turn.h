// Turns: what waits for an engine that is busy, in one queue.
#ifndef WEMOON_ENGINE_TURN_H
#define WEMOON_ENGINE_TURN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Engine Engine;

// Something that waits for its turn. Its owner sets `take` and `due_us` and does not touch it until
// `take` is called, once.
typedef struct Turn {
  // Its turn has come: on the engine's own thread, which has not entered the engine. `there` is false if it
  // never will, since the engine was given up or closes: then on any thread.
  void (*take)(struct Turn *turn, bool there);
  int64_t due_us;  // monotonic: it is late from then on; INT64_MAX: never
  bool movable;    // engine_give_turns_away may call `take` with `there` false
  struct Turn *next;
} Turn;

// Queues a new turn: behind turns that have begun and are in time, before those that are late, but
// every tenth turn goes to a late one. False if the engine was given up or closes: `take` is not
// called. Any thread.
bool engine_await_turn(Engine *engine, Turn *turn);
// Calls `take` with `there` false for up to `most` turns that are new, movable and still in time:
// those that came last. Any thread.
void engine_give_turns_away(Engine *engine, size_t most);

#endif
