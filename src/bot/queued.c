// Repeats the request for a turn until the turn has come.
#include "bot/queued.h"

enum {
  RETRY_MS = 20,  // by then an interpreter that was given up usually has a successor
  LATER_MS = 100,
  SOON_TRIES =
      10  // work that still waits after so many pauses waits for the store, or for a long conversation
};

static void on_retry(void *ctx) { queued_wait(ctx); }

static void set_retry(void *ctx) {
  Queued *queued = ctx;
  int pause_ms = queued->pauses++ < SOON_TRIES ? RETRY_MS : LATER_MS;
  if (!loop_timer(queued->loop, pause_ms, 0, on_retry, queued)) queued_wait(queued);
}

void queued_wait_later(Queued *queued) {
  loop_call(queued->loop, &queued->call, set_retry, queued);
}

void queued_wait_soon(Queued *queued) { loop_call(queued->loop, &queued->call, on_retry, queued); }

// Work that waited at an interpreter which is out of service now moves to the successor.
static void take_turn(Turn *turn, bool there) {
  Queued *queued = (Queued *)turn;
  Interpreter *in = queued->interpreter;
  if (!there) queued_wait_later(queued);
  else if (interpreter_is_retired(in) && queued->turn.movable) queued_wait(queued);
  else queued->run(queued, in);
  interpreter_release(in);
}

void queued_wait(Queued *queued) {
  Interpreter *in = queued->choose(queued);
  queued->interpreter = in;
  queued->turn.take = take_turn;
  if (interpreter_await_turn(in, &queued->turn)) return;
  interpreter_release(in);
  queued_wait_later(queued);
}
