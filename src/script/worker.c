// The interpreter's own thread: it goes on with tasks whose wait is over, starts those that were spawned, and
// keeps the timers.
#include "script/core.h"

#include "base/mutex.h"
#include "base/clock.h"

#include <stdlib.h>

// Scripts run on it, to the depth of C calls that Lua allows; sanitizers make frames several times larger.
enum { WORKER_STACK = 4 * 1024 * 1024, STUCK_LOOK_US = 50000 };

Inbox *inbox_new(void) {
  Inbox *inbox = calloc(1, sizeof *inbox);
  if (!inbox) return NULL;
  atomic_init(&inbox->holders, 1);
  mutex_init_brief(&inbox->mutex);
  condition_init(&inbox->changed);
  return inbox;
}

void inbox_hold(Inbox *inbox) {
  atomic_fetch_add_explicit(&inbox->holders, 1, memory_order_relaxed);
}

void inbox_release(Inbox *inbox) {
  if (!inbox || atomic_fetch_sub_explicit(&inbox->holders, 1, memory_order_acq_rel) != 1) return;
  pthread_cond_destroy(&inbox->changed);
  pthread_mutex_destroy(&inbox->mutex);
  free(inbox->heap);
  free(inbox);
}

void inbox_add_locked(Inbox *inbox, Wait *wait) {
  wait->next = NULL;
  if (inbox->last) inbox->last->next = wait;
  else inbox->first = wait;
  inbox->last = wait;
  pthread_cond_signal(&inbox->changed);
}

static Wait *take_ready(Inbox *inbox) {
  Wait *wait = inbox->first;
  if (!wait) return NULL;
  inbox->first = wait->next;
  if (!inbox->first) inbox->last = NULL;
  return wait;
}

void inbox_drain(Inbox *inbox) {
  for (;;) {
    pthread_mutex_lock(&inbox->mutex);
    Wait *wait = take_ready(inbox);
    pthread_mutex_unlock(&inbox->mutex);
    if (!wait) return;
    wait_release(wait);
  }
}

// ---- timers: a binary heap by due time ----------------------------------------------------------

static void place_timer(Inbox *inbox, Timer *timer, size_t index) {
  inbox->heap[index - 1] = timer;
  timer->index = index;
}

static void sift_up(Inbox *inbox, Timer *timer, size_t index) {
  for (; index > 1 && inbox->heap[index / 2 - 1]->due_us > timer->due_us; index /= 2) {
    place_timer(inbox, inbox->heap[index / 2 - 1], index);
  }
  place_timer(inbox, timer, index);
}

static void sift_down(Inbox *inbox, Timer *timer, size_t index) {
  for (size_t child = 2 * index; child <= inbox->heap_count; index = child, child *= 2) {
    if (child < inbox->heap_count && inbox->heap[child]->due_us < inbox->heap[child - 1]->due_us)
      child++;
    if (inbox->heap[child - 1]->due_us >= timer->due_us) break;
    place_timer(inbox, inbox->heap[child - 1], index);
  }
  place_timer(inbox, timer, index);
}

void timer_remove_locked(Inbox *inbox, Timer *timer) {
  if (timer->index == 0) return;
  size_t index = timer->index;
  Timer *last = inbox->heap[--inbox->heap_count];
  timer->index = 0;
  if (last == timer) return;
  if (index > 1 && inbox->heap[index / 2 - 1]->due_us > last->due_us) sift_up(inbox, last, index);
  else sift_down(inbox, last, index);
}

static bool grow_heap(Inbox *inbox) {
  if (inbox->heap_count < inbox->heap_cap) return true;
  size_t cap = inbox->heap_cap ? 2 * inbox->heap_cap : 16;
  Timer **heap = realloc(inbox->heap, cap * sizeof *heap);
  if (!heap) return false;
  inbox->heap = heap;
  inbox->heap_cap = cap;
  return true;
}

bool timer_add(Inbox *inbox, Timer *timer, int64_t due_us) {
  pthread_mutex_lock(&inbox->mutex);
  timer_remove_locked(inbox, timer);
  bool ok = grow_heap(inbox);
  if (ok) {
    timer->due_us = due_us;
    sift_up(inbox, timer, ++inbox->heap_count);
    if (timer->index == 1) pthread_cond_signal(&inbox->changed);
  }
  pthread_mutex_unlock(&inbox->mutex);
  return ok;
}

void timer_remove(Inbox *inbox, Timer *timer) {
  pthread_mutex_lock(&inbox->mutex);
  timer_remove_locked(inbox, timer);
  pthread_mutex_unlock(&inbox->mutex);
}

static Timer *take_due(Inbox *inbox) {
  if (inbox->heap_count == 0 || inbox->heap[0]->due_us > clock_now_us()) return NULL;
  Timer *timer = inbox->heap[0];
  timer_remove_locked(inbox, timer);
  return timer;
}

// ---- the thread ---------------------------------------------------------------------------------

// Goes on with the task of a wait that is over. The wait's hold is taken.
static void go_on(Interpreter *in, Wait *wait) {
  if (!lock_take(&in->lock, INT64_MAX)) {
    wait_release(wait);
    return;
  }
  Task *task = task_unpark(in, wait);
  if (task) {
    guard_enter(in);
    task_run(task);
    guard_leave(in);
  }
  wait_release(wait);
  lock_give_way(&in->lock);
}

// What was interrupted while it waited is ended. With the inbox's mutex held before and after.
static void end_interrupted(Interpreter *in, Inbox *inbox) {
  if (!atomic_load_explicit(&in->interrupted, memory_order_relaxed) || !in->parked) return;
  pthread_mutex_unlock(&inbox->mutex);
  if (lock_take(&in->lock, INT64_MAX)) {
    guard_enter(in);
    task_cancel_all(in);
    guard_leave(in);
    lock_give(&in->lock);
  }
  pthread_mutex_lock(&inbox->mutex);
}

// One step, with the inbox's mutex held before and after. False when there was nothing to do.
static bool step(Interpreter *in, Inbox *inbox) {
  Timer *timer = take_due(inbox);
  Wait *wait = timer ? NULL : take_ready(inbox);
  if (!timer && !wait) return false;
  pthread_mutex_unlock(&inbox->mutex);
  if (timer) timer->fn(in, timer->ctx);
  else go_on(in, wait);
  pthread_mutex_lock(&inbox->mutex);
  return true;
}

static void sleep_until_next(Inbox *inbox) {
  if (inbox->heap_count == 0) {
    pthread_cond_wait(&inbox->changed, &inbox->mutex);
    return;
  }
  struct timespec until = clock_to_timespec(inbox->heap[0]->due_us);
  pthread_cond_timedwait(&inbox->changed, &inbox->mutex, &until);
}

static void *run(void *arg) {
  Interpreter *in = arg;
  Inbox *inbox = in->inbox;
  inbox_hold(inbox);
  pthread_mutex_lock(&inbox->mutex);
  while (!inbox->closing) {
    end_interrupted(in, inbox);
    if (!step(in, inbox)) sleep_until_next(inbox);
  }
  pthread_mutex_unlock(&inbox->mutex);
  interpreter_close_state(in);
  pthread_mutex_lock(&inbox->mutex);
  inbox->closed = true;
  bool deserted = inbox->deserted;
  pthread_cond_broadcast(&inbox->changed);
  pthread_mutex_unlock(&inbox->mutex);
  if (deserted) interpreter_free(in);
  inbox_release(inbox);
  return NULL;
}

bool worker_start(Interpreter *in, Err *err) {
  Inbox *inbox = in->inbox;
  pthread_mutex_lock(&inbox->mutex);
  int failed = 0;
  if (!inbox->started) {
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, WORKER_STACK);
    failed = pthread_create(&inbox->thread, &attr, run, in);
    inbox->started = !failed;
    pthread_attr_destroy(&attr);
  }
  pthread_mutex_unlock(&inbox->mutex);
  return failed ? err_set(err, ERR_FAILED, "cannot start the script's thread: %s", strerror(failed))
                : true;
}

// The worker closes the state, because finalizers may take for ever: then the rest is left to it. So it is
// when the worker itself is the last holder (in a task's `done`).
bool worker_stop(Interpreter *in) {
  Inbox *inbox = in->inbox;
  pthread_mutex_lock(&inbox->mutex);
  inbox->closing = true;
  pthread_cond_broadcast(&inbox->changed);
  bool started = inbox->started;
  inbox->deserted = started && pthread_equal(inbox->thread, pthread_self());
  while (started && !inbox->closed && !inbox->deserted) {
    struct timespec until = clock_to_timespec(clock_now_us() + STUCK_LOOK_US);
    pthread_cond_timedwait(&inbox->changed, &inbox->mutex, &until);
    if (!inbox->closed) inbox->deserted = interpreter_is_stuck(in, NULL, 0);
  }
  bool deserted = inbox->deserted;
  pthread_t thread = inbox->thread;
  pthread_mutex_unlock(&inbox->mutex);
  if (deserted) pthread_detach(thread);
  else if (started) pthread_join(thread, NULL);
  else interpreter_close_state(in);
  return !deserted;
}
