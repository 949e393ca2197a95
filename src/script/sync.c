// What is run on the interpreter's own thread for a caller that waits, and comes back even when the script
// does not.
#include "script/core.h"

#include "base/clock.h"

#include <stdlib.h>

enum { CALLER_LOOK_US = 50000 };

static void let_go(Sync *sync) {
  if (--sync->holders > 0) return;
  buf_clear(&sync->out);
  buf_clear(&sync->code);
  free(sync->name);
  for (size_t i = 0; i < sync->arg_count; i++) free(sync->args[i]);
  free(sync->args);
  free(sync);
}

Sync *sync_new(const char *name, Str code) {
  Sync *sync = calloc(1, sizeof *sync);
  if (!sync) return NULL;
  sync->holders = 1;
  sync->name = strdup(name);
  buf_add(&sync->code, code);
  if (sync->name && !sync->code.failed) return sync;
  let_go(sync);
  return NULL;
}

void sync_done(Task *task) {
  Interpreter *in = task->in;
  Sync *sync = task->sync;
  pthread_mutex_lock(&in->inbox->mutex);
  sync->state = task->state;
  sync->finished = true;
  pthread_cond_broadcast(&in->ended);
  let_go(sync);
  pthread_mutex_unlock(&in->inbox->mutex);
}

// A message may be stuck with the lock: whoever waits for it looks, since he may be the one who would have.
static bool take_lock_or_give_up(Interpreter *in) {
  while (!lock_take(&in->lock, clock_now_us() + CALLER_LOOK_US)) {
    if (lock_is_broken(&in->lock)) return false;
    if (interpreter_is_stuck(in, NULL, 0)) interpreter_give_up(in);
  }
  return true;
}

static bool post(Interpreter *in, const TaskBody *body, Sync *sync, bool limited, Err *err) {
  if (!worker_start(in, err)) return false;
  if (!take_lock_or_give_up(in))
    return err_set(err, ERR_BUSY,
                   "the script was stuck in a call that does not come back, and was given up");
  Task *task = task_new(in, body);
  bool ok = task != NULL;
  if (ok) {
    task->sync = sync;
    sync->holders++;
    if (limited && in->options.job_timeout_ms > 0)
      task->deadline_us = clock_now_us() + in->options.job_timeout_ms * 1000;
    ok = task_post(task);
    if (!ok) sync->holders--;
  }
  lock_give(&in->lock);
  return ok ? true : err_set(err, ERR_MEMORY, "no memory to run the script (script_memory_mb)");
}

// Waits for the end of the task, and of what it spawned where `all` says so. False when the script is stuck:
// it is left behind.
static bool await(Interpreter *in, Sync *sync, bool all) {
  Inbox *inbox = in->inbox;
  pthread_mutex_lock(&inbox->mutex);
  while (!sync->finished || (all && in->counted > 0)) {
    struct timespec until = clock_to_timespec(clock_now_us() + CALLER_LOOK_US);
    pthread_cond_timedwait(&in->ended, &inbox->mutex, &until);
    if (sync->finished && lock_is_broken(&in->lock)) break;
    pthread_mutex_unlock(&inbox->mutex);
    char place[PLACE_SIZE];
    bool stuck = lock_is_broken(&in->lock) || interpreter_is_stuck(in, place, sizeof place);
    pthread_mutex_lock(&inbox->mutex);
    if (!stuck || sync->finished) continue;
    pthread_mutex_unlock(&inbox->mutex);
    interpreter_give_up(in);
    return false;
  }
  pthread_mutex_unlock(&inbox->mutex);
  return true;
}

bool sync_run(Interpreter *in, const TaskBody *body, Sync *sync, bool limited, Err *err) {
  if (!post(in, body, sync, limited, err)) return false;
  if (!await(in, sync, !limited)) {
    char place[PLACE_SIZE];
    guard_last_place(&in->slice, place, sizeof place);
    return err_set(err, ERR_FAILED, "%s%s%s is stuck in a call that does not come back", place,
                   place[0] ? ": " : "", body->doing);
  }
  if (sync->state == TASK_RETURNED) return true;
  if (err) *err = sync->err;
  if (err && err->code == ERR_NONE)
    err_set(err, ERR_FAILED, "%s: %s", body->doing, task_state_name(sync->state));
  return false;
}

void sync_finish(Interpreter *in, Sync *sync) {
  pthread_mutex_lock(&in->inbox->mutex);
  let_go(sync);
  pthread_mutex_unlock(&in->inbox->mutex);
}
