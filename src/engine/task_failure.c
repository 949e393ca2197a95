// A task's failure: its report, and the time that the task then has to close its variables.
#include "engine/task_inner.h"

#include "engine/engine_inner.h"
#include "engine/failure.h"
#include "engine/guard.h"
#include "engine/run_inner.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdlib.h>

void task_begin_closing(Task *task) {
  task->closing = true;
  task->closing_us = clock_now_us() + TASK_CLOSING_US;
}

void task_drop_failure(Task *task) {
  if (task->failure) failure_clear(task->failure);
  free(task->failure);
  task->failure = NULL;
}

void task_tell_failed(const Task *task) {
  const EngineOptions *options = &task->engine->options;
  if (options->failed && !task->run) options->failed(options->user);
}

static void report(Task *task, const Failure *failure) {
  if (task->engine->slice.end == SLICE_DIFFERS) return;  // the body reports the difference
  if (!task->run) {
    failure_log(failure, task->now->doing);
    return;
  }
  failure_to_err(failure, run_err(task->run));
  buf_add(run_trace_out(task->run), buf_str(&failure->trace));
  if (failure->trace.len > 0) log_debug("%.*s", STR_FMT(buf_str(&failure->trace)));
}

// Whether the task failed before its record was saved, as only a task that another one started can.
static bool failed_before(const Task *task) {
  return task->record && task->record_number > 0 && record_repeats(task);
}

void task_take_failure(Task *task, Failure *failure, bool first) {
  Failure *kept = first ? malloc(sizeof *kept) : NULL;
  if (failed_before(task)) {
    // told when it happened
  } else if (first) {
    report(task, failure);
    task_tell_failed(task);
  } else {
    failure_log(failure, "a __close method");
  }
  if (!kept) return failure_clear(failure);
  *kept = *failure;
  task_drop_failure(task);
  task->failure = kept;
}

bool task_force(lua_State *L) {
  Engine *engine = engine_of(L);
  Task *task = engine->task;
  bool first = task && !task->closing;
  if (!task || engine->slice.end == SLICE_GIVEN_UP || engine->slice.end == SLICE_DIFFERS ||
      (!first && clock_now_us() > task->closing_us))
    return false;
  Failure failure;
  failure_init(&failure);
  failure_describe(engine, NULL, &failure);
  task_take_failure(task, &failure, first);
  if (first) {
    if (task->state == TASK_RETURNED)
      task->state = engine->slice.end == SLICE_OVER_CPU ? TASK_OVER_CPU : TASK_CANCELLED;
    task_begin_closing(task);
  }
  task->forced++;
  guard_renew(engine);
  return true;
}

// The error value's __tostring may run here: if that is ended by force, `forced` must not change.
int task_note_failure(lua_State *L) {
  Task *task = task_running(L);
  Failure failure;
  bool first = !task->closing;
  unsigned forced = task->forced;
  if (first) task_begin_closing(task);
  failure_init(&failure);
  failure_describe_here(L, &failure);
  task_take_failure(task, &failure, first);
  task->forced = forced;
  if (task->state == TASK_RETURNED) task->state = TASK_FAILED;
  if (first) guard_renew(task->engine);
  return 1;
}
