// Work that waits for its turn at an interpreter, and moves to another one if that is out of
// service by then.
#ifndef WEMOON_BOT_QUEUED_H
#define WEMOON_BOT_QUEUED_H

#include "net/loop.h"
#include "script/interpreter.h"

typedef struct Queued {
  Turn turn;  // first
  LoopCall call;
  // Set by its owner before queued_wait; `turn.due_us` too.
  Loop *loop;
  // Which interpreter it is to wait for, retained for the queue. Sets `turn.movable`: whether another one will do.
  Interpreter *(*choose)(struct Queued *queued);
  // Called when its turn has come, on the interpreter's own thread. May call queued_wait again,
  // later.
  void (*run)(struct Queued *queued, Interpreter *in);
  // The queue's own.
  Interpreter *interpreter;
} Queued;

// `run` is called once, however many interpreters are given up until then. Any thread.
void queued_wait(Queued *queued);
// The same, once an interpreter that was given up may have a successor.
void queued_wait_later(Queued *queued);

#endif
