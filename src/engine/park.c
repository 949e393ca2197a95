// Suspended tasks: suspension, resumption, time-out and cancellation.
#include "engine/task_inner.h"

#include "engine/engine_inner.h"
#include "engine/failure.h"
#include "engine/inbox.h"
#include "engine/lock.h"
#include "engine/run_inner.h"
#include "engine/wait_inner.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdlib.h>

static void link_parked(Task *task) {
  Engine *engine = task->engine;
  task->previous = NULL;
  task->next = engine->parked;
  if (engine->parked) engine->parked->previous = task;
  engine->parked = task;
  atomic_fetch_add_explicit(&engine->suspended, 1, memory_order_relaxed);
}

// Gives the calling thread sole ownership of the task: its wait no longer points to it. inbox->mutex is held.
static void unlink_parked(Task *task) {
  Engine *engine = task->engine;
  task->wait->task = NULL;
  if (task->previous) task->previous->next = task->next;
  else engine->parked = task->next;
  if (task->next) task->next->previous = task->previous;
  atomic_fetch_sub_explicit(&engine->suspended, 1, memory_order_relaxed);
}

void task_park(Task *task, Wait *wait) {
  Inbox *inbox = task->engine->inbox;
  task->wait = wait;
  wait->turn.due_us = task->due_us;
  pthread_mutex_lock(&inbox->mutex);
  link_parked(task);
  wait_park_locked(wait);
  pthread_mutex_unlock(&inbox->mutex);
}

Task *task_unpark(Engine *engine, Wait *wait) {
  pthread_mutex_lock(&engine->inbox->mutex);
  Task *task = wait->task;
  if (task) unlink_parked(task);
  pthread_mutex_unlock(&engine->inbox->mutex);
  if (task) timer_remove(engine, &task->timeout);
  return task;
}

// Ends a suspended task. Its <close> variables are closed, unless the state cannot be touched; with `may_wait`, they
// may wait. `why` is for the log; NULL: no line. `elsewhere`: the task is dropped, and goes on elsewhere if it has a
// record.
static void end_suspended(Task *task, LogLevel level, const char *why, bool may_wait,
                          bool elsewhere) {
  Engine *engine = task->engine;
  Wait *wait = task->wait;
  bool reachable = !lock_is_broken(&engine->lock);
  // A task that goes on elsewhere closes its variables there.
  bool closes = !elsewhere || !task->record;
  task->dropped = elsewhere || !reachable;
  const char *doing = task->now->doing;
  if (why) log_line(level, "%s %s while it waited in %s", doing, why, wait->what);
  if (task->run)
    err_set(run_err(task->run), ERR_FAILED, "%s %s while it waited in %s", doing,
            why ? why : "was ended", wait->what);
  task->wait = NULL;
  wait_cancel(wait);
  if (reachable && closes && may_wait && lua_status(task->co) == LUA_YIELD) {
    task_run_to_close(task);
    return;
  }
  task->state = TASK_CANCELLED;
  if (!reachable) {
    task_end_untouched(task);
    return;
  }
  Task *running = engine->task;  // the task that cancels this one; or NULL
  engine->task = task;
  if (closes) close_coroutine(engine, task->co);
  engine->task = running;
  task_drop_coroutine(task);
  task_end(task);
}

// end_suspended, with the task's log subject.
static void cancel(Task *task, LogLevel level, const char *why, bool may_wait, bool elsewhere) {
  LogSubject before = log_about(task->subject);
  end_suspended(task, level, why, may_wait, elsewhere);
  log_about(before);
}

static void stop_closing(Task *task) {
  LogSubject before = log_about(task->subject);
  task_stop_closing(task);
  log_about(before);
}

// Unlinks the task if it is still suspended. False if not: it may have ended while its timer fired.
static bool claim_parked(Engine *engine, Task *task) {
  pthread_mutex_lock(&engine->inbox->mutex);
  Task *found = engine->parked;
  while (found && found != task) found = found->next;
  if (found) unlink_parked(found);
  pthread_mutex_unlock(&engine->inbox->mutex);
  return found != NULL;
}

static void time_out(Engine *engine, void *ctx) {
  Task *task = ctx;
  if (!engine_enter(engine, INT64_MAX)) return;
  if (claim_parked(engine, task)) {
    if (task->closing) {
      stop_closing(task);
    } else {
      task_tell_failed(task);
      cancel(task, LOG_ERROR, "was ended after job_timeout_s", true, false);
    }
  }
  engine_leave(engine);
}

bool task_cancel(Task *task) {
  Engine *engine = task->engine;
  if (!claim_parked(engine, task)) return false;
  timer_remove(engine, &task->timeout);
  cancel(task, LOG_WARN, NULL, false, false);
  return true;
}

static void tell_cancelled(Task *task) {
  LogSubject before = log_about(task->subject);
  if (task->body->cancelled) task->body->cancelled(task);
  log_about(before);
}

// Cancels the operation that the task waits for, and queues the slice in which its <close> variables run. False if it
// has not begun, or without memory.
static bool end_soon(Task *task) {
  Wait *before = task->wait, *over = lua_status(task->co) == LUA_YIELD ? wait_over(task) : NULL;
  if (!over) return false;
  over->begins = false;
  wait_cancel(before);
  task_begin_to_close(task);
  task_park(task, over);
  return true;
}

static Task *take_that_fits(Engine *engine, bool (*fits)(Task *task, const void *ctx),
                            const void *ctx) {
  pthread_mutex_lock(&engine->inbox->mutex);
  Task *task = engine->parked;
  while (task && (!fits(task, ctx) || task->closing)) task = task->next;
  if (task) unlink_parked(task);
  pthread_mutex_unlock(&engine->inbox->mutex);
  if (task) timer_remove(engine, &task->timeout);
  return task;
}

size_t engine_cancel_tasks(Engine *engine, bool (*fits)(Task *task, const void *ctx),
                           const void *ctx) {
  size_t count = 0;
  for (Task *task; (task = take_that_fits(engine, fits, ctx)); count++) {
    tell_cancelled(task);
    if (!end_soon(task)) cancel(task, LOG_WARN, NULL, false, false);
  }
  return count;
}

static Task *take_parked(Engine *engine, bool closing_too) {
  pthread_mutex_lock(&engine->inbox->mutex);
  Task *task = engine->parked;
  while (task && task->closing && !closing_too) task = task->next;
  if (task) unlink_parked(task);
  pthread_mutex_unlock(&engine->inbox->mutex);
  if (task) timer_remove(engine, &task->timeout);
  return task;
}

void task_interrupt_all(Engine *engine) {
  for (Task *task; (task = take_parked(engine, false));) cancel(task, LOG_WARN, NULL, true, true);
}

static bool is_of_run(Task *task, const void *run) {
  return task->origin == *(const uint64_t *)run;
}

void task_interrupt_run(Engine *engine) {
  uint64_t run = atomic_load(&engine->interrupted_run);
  for (Task *task; (task = take_that_fits(engine, is_of_run, &run));)
    cancel(task, LOG_WARN, NULL, true, true);
}

uint64_t task_group_origin(uint64_t group) { return UINT64_C(1) << 63 | group; }

bool engine_end_group(Engine *engine, uint64_t group, size_t *count) {
  uint64_t origin = task_group_origin(group);
  *count = 0;
  if (!engine_enter(engine, clock_now_us() + 1000 * 1000)) return false;
  *count = engine_cancel_tasks(engine, is_of_run, &origin);
  engine_leave(engine);
  return true;
}

// Before any of them ends: one may go on as part of another one.
static void note_which_go_on(Engine *engine) {
  pthread_mutex_lock(&engine->inbox->mutex);
  for (Task *task = engine->parked; task; task = task->next)
    task->goes_on = task->body->goes_on && task->body->goes_on(task);
  pthread_mutex_unlock(&engine->inbox->mutex);
}

static void lose(Task *task) {
  Engine *engine = task->engine;
  atomic_fetch_add(task->goes_on ? &engine->go_on_lost : &engine->ended_lost, 1);
  if (task->goes_on)
    cancel(task, LOG_INFO, "goes on from the store: its interpreter was given up", false, false);
  else cancel(task, LOG_WARN, "ended with its interpreter, which was given up,", false, false);
}

void task_cancel_all(Engine *engine) {
  bool lost = lock_is_broken(&engine->lock);
  if (lost) note_which_go_on(engine);
  for (Task *task; (task = take_parked(engine, true));) {
    if (lost) lose(task);
    else cancel(task, LOG_WARN, NULL, false, true);
  }
}

bool wait_forget(Wait *wait) {
  Task *task = task_unpark(wait->engine, wait);
  if (!task) return false;
  task->state = TASK_CANCELLED;
  task->dropped = true;
  task->wait = NULL;
  wait_cancel(wait);
  task_drop_coroutine(task);
  task_end(task);
  return true;
}

TaskState task_suspend(Task *task) {
  Engine *engine = task->engine;
  Wait *wait = engine->suspending;
  engine->suspending = NULL;
  int64_t due_us = task->closing ? task->closing_us : task->deadline_us;
  if (due_us != INT64_MAX) {
    task->timeout.fn = time_out;
    task->timeout.ctx = task;
    timer_add(engine, &task->timeout, due_us);
  }
  TaskState state = task->body->suspended ? task->body->suspended(task) : TASK_WAITING;
  task_park(task, wait);
  return state;
}

bool wait_resume(Wait *wait, void (*begin)(Task *task, void *data), WaitPush push, void *data,
                 int64_t deadline_us, TaskState *state) {
  Engine *engine = wait->engine;
  *state = TASK_LOST;
  if (!engine_enter(engine, deadline_us)) return engine_is_given_up(engine);
  Task *task = task_unpark(engine, wait);
  if (task) {
    wait->push = push;
    wait->data = data;
    wait->finished = true;
    wait->cancel = NULL;
    begin(task, data);
    *state = task_run(task);
  }
  engine_leave(engine);
  return true;
}
