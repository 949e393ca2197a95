// One wait: its result, its references, and its place in the inbox.
#include "engine/wait_inner.h"

#include "engine/engine_inner.h"
#include "engine/inbox.h"
#include "engine/task_inner.h"

#include <stdlib.h>

Wait *wait_new(Task *task, const char *what) {
  Wait *wait = calloc(1, sizeof *wait);
  if (!wait) return NULL;
  atomic_init(&wait->holders, 2);
  wait->inbox = task->engine->inbox;
  inbox_hold(wait->inbox);
  wait->engine = task->engine;
  wait->task = task;
  memccpy(wait->what, what, '\0', sizeof wait->what - 1);
  return wait;
}

void wait_release(Wait *wait) {
  if (!wait || atomic_fetch_sub_explicit(&wait->holders, 1, memory_order_acq_rel) != 1) return;
  if (wait->drop && wait->data) wait->drop(wait->data);
  inbox_release(wait->inbox);
  free(wait);
}

Task *wait_task(const Wait *wait) { return wait->task; }

bool wait_finish(Wait *wait, WaitPush push, WaitDrop drop, void *data) {
  Inbox *inbox = wait->inbox;
  pthread_mutex_lock(&inbox->mutex);
  bool wanted = !wait->cancelled;
  wait->push = push;
  wait->drop = drop;
  wait->data = data;
  wait->finished = true;
  wait->cancel = NULL;
  bool ready = wanted && wait->parked;
  if (ready) {
    inbox_add_locked(inbox, wait);
    inbox_tell_and_unlock(inbox);
  } else {
    pthread_mutex_unlock(&inbox->mutex);
    wait_release(wait);
  }
  return wanted;
}

void wait_park_locked(Wait *wait) {
  wait->parked = true;
  if (!wait->finished) return;
  atomic_fetch_add_explicit(&wait->holders, 1, memory_order_relaxed);
  inbox_add_locked(wait->inbox, wait);
  pthread_cond_signal(&wait->inbox->changed);
}

void wait_cancel(Wait *wait) {
  Inbox *inbox = wait->inbox;
  pthread_mutex_lock(&inbox->mutex);
  wait->task = NULL;
  wait->cancelled = true;
  if (wait->cancel) wait->cancel(wait->cancel_ctx);
  wait->cancel = NULL;
  pthread_mutex_unlock(&inbox->mutex);
  wait_release(wait);
}

void wait_abort(Wait *wait) {
  wait_release(wait);
  wait_release(wait);
}

void wait_leave(Wait *wait) {
  pthread_mutex_lock(&wait->inbox->mutex);
  wait->cancel = NULL;
  pthread_mutex_unlock(&wait->inbox->mutex);
  wait_release(wait);
}

Wait *wait_over(Task *task) {
  Wait *wait = wait_new(task, "start");
  if (!wait) return NULL;
  wait->begins = wait->finished = true;
  wait_release(wait);  // the operation's reference: there is no operation
  return wait;
}
