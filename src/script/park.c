// Tasks that wait: out of the way until what they wait for has come, or their time is over.
#include "script/core.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdlib.h>

static void link_parked(Task *task) {
  Interpreter *in = task->in;
  task->previous = NULL;
  task->next = in->parked;
  if (in->parked) in->parked->previous = task;
  in->parked = task;
  atomic_fetch_add_explicit(&in->suspended, 1, memory_order_relaxed);
}

// Whoever unlinks a task has it for himself: its wait does not lead to it any more.
static void unlink_parked(Task *task) {
  Interpreter *in = task->in;
  task->wait->task = NULL;
  if (task->previous) task->previous->next = task->next;
  else in->parked = task->next;
  if (task->next) task->next->previous = task->previous;
  atomic_fetch_sub_explicit(&in->suspended, 1, memory_order_relaxed);
}

void task_park(Task *task, Wait *wait) {
  Inbox *inbox = task->in->inbox;
  task->wait = wait;
  pthread_mutex_lock(&inbox->mutex);
  link_parked(task);
  wait_park_locked(wait);
  pthread_mutex_unlock(&inbox->mutex);
}

Task *task_unpark(Interpreter *in, Wait *wait) {
  pthread_mutex_lock(&in->inbox->mutex);
  Task *task = wait->task;
  if (task) unlink_parked(task);
  pthread_mutex_unlock(&in->inbox->mutex);
  if (task) timer_remove(in->inbox, &task->timeout);
  return task;
}

// A suspended task is over. Its <close> variables are closed, unless the state cannot be touched.
static void cancel(Task *task, const char *why) {
  Interpreter *in = task->in;
  Wait *wait = task->wait;
  bool reachable = !lock_is_broken(&in->lock);
  task->state = TASK_CANCELLED;
  if (why) log_error("%s %s while it waited in %s", task->body->doing, why, wait->what);
  if (task->sync)
    err_set(&task->sync->err, ERR_FAILED, "%s %s while it waited in %s", task->body->doing,
            why ? why : "was ended", wait->what);
  task->wait = NULL;
  wait_cancel(wait);
  if (reachable) {
    in->task = task;
    lua_resetthread(task->co);
    in->task = NULL;
    task_drop_coroutine(task);
    task_end(task);
    return;
  }
  task_end_untouched(task);
}

// Once more whether it is there: it may have been ended while its timer was on its way.
static bool claim_parked(Interpreter *in, Task *task) {
  pthread_mutex_lock(&in->inbox->mutex);
  Task *found = in->parked;
  while (found && found != task) found = found->next;
  if (found) unlink_parked(found);
  pthread_mutex_unlock(&in->inbox->mutex);
  return found != NULL;
}

static void time_out(Interpreter *in, void *ctx) {
  Task *task = ctx;
  if (!lock_take(&in->lock, INT64_MAX)) return;
  if (claim_parked(in, task)) {
    guard_enter(in);
    cancel(task, "was ended after job_timeout_s");
    guard_leave(in);
  }
  lock_give(&in->lock);
}

void task_cancel_all(Interpreter *in) {
  for (;;) {
    pthread_mutex_lock(&in->inbox->mutex);
    Task *task = in->parked;
    if (task) unlink_parked(task);
    pthread_mutex_unlock(&in->inbox->mutex);
    if (!task) return;
    timer_remove(in->inbox, &task->timeout);
    cancel(task, NULL);
  }
}

TaskState task_suspend(Task *task) {
  Interpreter *in = task->in;
  Wait *wait = in->suspending;
  in->suspending = NULL;
  task->message = NULL;
  if (task->deadline_us != INT64_MAX) {
    task->timeout.fn = time_out;
    task->timeout.ctx = task;
    timer_add(in->inbox, &task->timeout, task->deadline_us);
  }
  // Whose answer it was is over: it waits for the user, not for something that its answer needs.
  TaskState state = task->asked ? TASK_RETURNED : TASK_WAITING;
  task->asked = false;
  task_park(task, wait);
  return state;
}
