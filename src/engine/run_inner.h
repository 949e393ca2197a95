// What a run shares with its task. No other layer includes this header.
#ifndef WEMOON_ENGINE_RUN_INNER_H
#define WEMOON_ENGINE_RUN_INNER_H

#include <stdatomic.h>

#include "engine/run.h"

struct Run {
  Arena *arena;
  Buf out;
  atomic_int holders;
  Err err;                  // written by the task, read by the caller once `over` is set
  Buf trace;                // likewise
  bool over;                // the task has ended; used by the caller alone
  bool (*stop)(void *ctx);  // run_stop_when; used by the caller alone
  void *stop_ctx;
  uint64_t group;  // 0: none
  Task *task;      // read with the engine entered; NULL once the task has ended
  // Guarded by inbox->mutex:
  bool finished;
  TaskState state;
};

// Notifies run_wait that the run's task has ended.
void run_ended(Task *task);
// The error and the traceback that run_wait reports.
Err *run_err(Run *run);
Buf *run_trace_out(Run *run);

#endif
