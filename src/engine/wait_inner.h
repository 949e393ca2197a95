// A wait, for the files that suspend and resume tasks. No other layer includes this header.
#ifndef WEMOON_ENGINE_WAIT_INNER_H
#define WEMOON_ENGINE_WAIT_INNER_H

#include <stdatomic.h>

#include "engine/inbox.h"
#include "engine/wait.h"

struct Wait {
  Turn turn;  // the first member, so that a turn in the inbox can be cast to its wait
  atomic_int holders;
  Inbox *inbox;
  Engine *engine;  // valid while `task` is set
  Task *task;      // guarded by the engine's lock; NULL once the task has gone on or ended
  // Guarded by inbox->mutex:
  bool begins;     // the task has not begun
  bool parked;     // the task is suspended
  bool finished;   // the result has arrived
  bool cancelled;  // the task ended first
  WaitPush push;
  WaitDrop drop;
  void *data;
  void (*cancel)(void *ctx);
  void *cancel_ctx;
  char what[48];
};

// Creates the wait of a task, with two references: the task's and the operation's. NULL without memory.
Wait *wait_new(Task *task, const char *what);
// Creates a finished wait, to queue a new task. It has one reference, for the task. NULL without memory.
Wait *wait_over(Task *task);
// The `take` of a wait's turn: resumes the wait's task.
void wait_go_on(Turn *turn, bool there);
// Marks the wait's task as suspended; it goes on when the wait is finished. The lock and inbox->mutex are held.
void wait_park_locked(Wait *wait);
// Ends a wait whose task ends: a later result is dropped, `cancel` is called, and the task's reference is released.
// The lock is held, or the engine is given up.
void wait_cancel(Wait *wait);
void wait_release(Wait *wait);

#endif
