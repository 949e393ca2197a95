// Runs a task body and waits for its end. The caller gets control back even if the script is stuck.
#ifndef WEMOON_ENGINE_RUN_H
#define WEMOON_ENGINE_RUN_H

#include "base/arena.h"
#include "base/buf.h"
#include "engine/task.h"

// One run, shared by caller and task. A caller may leave a stuck task behind, so the run owns the body's input and
// output. Reference-counted.
typedef struct Run Run;

Run *run_new(void);          // NULL without memory
void run_free(Run *run);     // drops the caller's reference; NULL is allowed
Arena *run_arena(Run *run);  // for the body's data
Buf *run_out(Run *run);  // for the body's output; the caller reads it after run_wait returned true

// Returns the traceback of the script's failure, innermost frame first; empty without a failure. Call it after
// run_wait.
Str run_trace(const Run *run);

// Makes run_wait call `stop(ctx)` every 50 ms, on the caller's thread. Once it returns true, the task is cancelled as
// soon as it waits. Call it before run_wait.
void run_stop_when(Run *run, bool (*stop)(void *ctx), void *ctx);

// Puts the run's task, and the tasks that come from it, into a group of the engine, which engine_end_group ends. Call
// it before run_wait. `group` is not 0.
void run_set_group(Run *run, uint64_t group);

typedef enum {
  RUN_LIMITED,   // the task ends after task_timeout_ms at most
  RUN_UNLIMITED  // run_wait waits for the counted tasks too (task_count); engine_interrupt stops it
} RunLimit;

// Runs `body` on the engine's own thread and waits for its end. `data` (task_data) is allocated in the run's arena.
// False with ERR_FAILED and the script's error; with ERR_FAILED too if the script is stuck, and then the engine is
// given up; with ERR_BUSY if it was given up before; with ERR_MEMORY.
bool run_wait(Run *run, Engine *engine, const TaskBody *body, void *data, RunLimit limit, Err *err);

#endif
