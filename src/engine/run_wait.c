// Runs a task on the engine's own thread for a caller that waits, and that gets control back if the script is stuck.
#include "engine/run_inner.h"

#include "engine/engine_inner.h"
#include "engine/guard.h"
#include "engine/inbox.h"
#include "engine/task_inner.h"
#include "engine/task_state.h"

#include "base/clock.h"

enum { CALLER_LOOK_US = 50000 };

// Enters the engine, or gives the engine up if another task is stuck in it: there may be no other thread that checks.
static bool enter_or_give_up(Engine *engine) {
  while (!engine_enter(engine, clock_now_us() + CALLER_LOOK_US)) {
    if (engine_is_given_up(engine)) return false;
    if (engine_is_stuck(engine, NULL, 0)) engine_give_up(engine);
  }
  return true;
}

static bool post(Run *run, Engine *engine, const TaskBody *body, void *data, RunLimit limit) {
  Task *task = task_new(engine, body, data);
  if (!task) return false;
  task->run = run;
  task->origin = run->group ? task_group_origin(run->group) : atomic_load(&engine->runs);
  run->task = task;
  atomic_fetch_add_explicit(&run->holders, 1, memory_order_relaxed);
  if (limit == RUN_LIMITED) task_limit(task);
  if (task_post(task)) return true;
  run->task = NULL;
  run_free(run);
  return false;
}

static bool begin(Run *run, Engine *engine, const TaskBody *body, void *data, RunLimit limit,
                  Err *err) {
  // An earlier interruption does not apply to this run.
  atomic_store(&engine->interrupted, false);
  atomic_fetch_add(&engine->runs, 1);
  if (!engine_start_thread(engine, err)) return false;
  if (!enter_or_give_up(engine))
    return err_set(err, ERR_BUSY,
                   "the script was stuck in a call that does not return, and was given up");
  bool ok = post(run, engine, body, data, limit);
  engine_leave(engine);
  return ok ? true : err_set(err, ERR_MEMORY, "no memory to run the script (script_memory_mb)");
}

static bool is_over(Engine *engine, const Run *run, RunLimit limit) {
  if (!run->finished) return false;
  return limit == RUN_LIMITED || engine->counted == 0 || engine_is_given_up(engine);
}

// Cancels the task if `stop` says so. If the task is in the middle of a slice, the next call tries again; the slice's
// limits apply meanwhile.
static void stop_if_asked(Engine *engine, Run *run) {
  if (!run->stop || !run->stop(run->stop_ctx)) return;
  if (!engine_enter(engine, clock_now_us() + CALLER_LOOK_US)) return;
  if (run->task) task_cancel(run->task);
  engine_leave(engine);
}

// Waits for the end of the task and, with RUN_UNLIMITED, of the counted tasks. False if the script is stuck: the caller
// leaves it behind.
static bool await(Engine *engine, Run *run, RunLimit limit) {
  Inbox *inbox = engine->inbox;
  bool stuck = false;
  pthread_mutex_lock(&inbox->mutex);
  while (!is_over(engine, run, limit) && !stuck) {
    struct timespec until = clock_to_timespec(clock_now_us() + CALLER_LOOK_US);
    pthread_cond_timedwait(&engine->ended, &inbox->mutex, &until);
    bool goes_on = !run->finished;
    pthread_mutex_unlock(&inbox->mutex);
    if (goes_on) stop_if_asked(engine, run);
    bool gone = engine_is_given_up(engine) || engine_is_stuck(engine, NULL, 0);
    pthread_mutex_lock(&inbox->mutex);
    stuck = gone && !run->finished;
  }
  pthread_mutex_unlock(&inbox->mutex);
  return !stuck;
}

bool run_wait(Run *run, Engine *engine, const TaskBody *body, void *data, RunLimit limit,
              Err *err) {
  if (!begin(run, engine, body, data, limit, err)) return false;
  if (!await(engine, run, limit)) {
    char place[PLACE_SIZE];
    engine_give_up(engine);
    guard_last_place(&engine->slice, place, sizeof place);
    return err_set(err, ERR_FAILED, "%s%s%s is stuck in a call that does not return", place,
                   place[0] ? ": " : "", body->doing);
  }
  run->over = true;
  if (run->state == TASK_RETURNED) return true;
  if (err) *err = run->err;
  if (err && err->code == ERR_NONE)
    err_set(err, ERR_FAILED, "%s: %s", body->doing, task_state_name(run->state));
  return false;
}
