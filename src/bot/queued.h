// Work that waits for its turn at an interpreter, and moves to another one if the interpreter is no longer in service.
#ifndef WEMOON_BOT_QUEUED_H
#define WEMOON_BOT_QUEUED_H

#include "net/loop.h"
#include "script/interpreter.h"

typedef struct Queued {
  Turn turn;  // first
  LoopCall call;
  // The owner sets these and `turn.due_us` before queued_wait.
  Loop *loop;
  // Returns the interpreter to wait for, retained for the queue. Sets `turn.movable`: whether another interpreter would
  // do.
  Interpreter *(*choose)(struct Queued *queued);
  // Called on the interpreter's own thread when the turn has come. May call queued_wait again later.
  void (*run)(struct Queued *queued, Interpreter *in);
  // Private to queued.c.
  Interpreter *interpreter;
  int pauses;
} Queued;

// Waits for the turn: `run` is called once, however many interpreters are given up before. Call it from any thread.
void queued_wait(Queued *queued);
// Does the same after a pause, in which an interpreter that was given up may get a successor.
void queued_wait_later(Queued *queued);
// Does the same without a pause. The call does not wait, and takes no turn on this thread.
void queued_wait_soon(Queued *queued);

#endif
