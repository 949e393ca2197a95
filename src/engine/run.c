// What a run shares with its task: input, output, error and end.
#include "engine/run_inner.h"

#include "engine/engine_inner.h"
#include "engine/inbox.h"
#include "engine/task_inner.h"

#include <stdlib.h>

Arena *run_arena(Run *run) { return run->arena; }
Buf *run_out(Run *run) { return &run->out; }
Err *run_err(Run *run) { return &run->err; }

Buf *run_trace_out(Run *run) { return &run->trace; }

Str run_trace(const Run *run) { return run->over ? buf_str(&run->trace) : STR(""); }

Run *run_new(void) {
  Run *run = calloc(1, sizeof *run);
  if (!run) return NULL;
  atomic_init(&run->holders, 1);
  buf_init(&run->out);
  buf_init(&run->trace);
  run->arena = arena_new();
  if (run->arena) return run;
  free(run);
  return NULL;
}

void run_free(Run *run) {
  if (!run || atomic_fetch_sub_explicit(&run->holders, 1, memory_order_acq_rel) != 1) return;
  buf_clear(&run->out);
  buf_clear(&run->trace);
  arena_free(run->arena);
  free(run);
}

void run_stop_when(Run *run, bool (*stop)(void *ctx), void *ctx) {
  run->stop = stop;
  run->stop_ctx = ctx;
}

void run_set_group(Run *run, uint64_t group) { run->group = group; }

void run_ended(Task *task) {
  Engine *engine = task->engine;
  Run *run = task->run;
  run->task = NULL;
  pthread_mutex_lock(&engine->inbox->mutex);
  run->state = task->state;
  run->finished = true;
  pthread_cond_broadcast(&engine->ended);
  pthread_mutex_unlock(&engine->inbox->mutex);
  run_free(run);
}
