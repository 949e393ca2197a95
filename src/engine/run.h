// Running something and waiting for its end, for a caller that comes back even if the script does not.
#ifndef WEMOON_ENGINE_RUN_H
#define WEMOON_ENGINE_RUN_H

#include "base/arena.h"
#include "base/buf.h"
#include "engine/task.h"

// One run, shared by caller and task: a caller may leave a stuck task behind, so what its body is given and
// what it gives belong to the run. Counted.
typedef struct Run Run;

Run *run_new(void);          // NULL without memory
void run_free(Run *run);     // the caller's hold; NULL is allowed
Arena *run_arena(Run *run);  // for the body's data
Buf *run_out(Run *run);  // for what the body gives; the caller reads it once run_wait returned true

// Where the script was when it failed, the innermost frame first; empty without a failure. After run_wait.
Str run_trace(const Run *run);

// run_wait asks `stop(ctx)`, on its caller's thread, every 50 ms; from true on the task is ended as soon as it waits.
// Before run_wait.
void run_stop_when(Run *run, bool (*stop)(void *ctx), void *ctx);

typedef enum {
  RUN_LIMITED,   // by task_timeout_ms
  RUN_UNLIMITED  // to the end of what it counted (task_count) too; engine_interrupt stops it
} RunLimit;

// Runs `body` on the engine's own thread and waits for its end. `data`, which task_data gives, is in the
// run's arena. False with ERR_FAILED and what the script raised; also if the script is stuck, which gives the engine
// up; ERR_BUSY if it was stuck before; ERR_MEMORY.
bool run_wait(Run *run, Engine *engine, const TaskBody *body, void *data, RunLimit limit, Err *err);

#endif
