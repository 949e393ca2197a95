// The timers of an engine: a binary heap, ordered by due time.
#include "engine/inbox.h"

#include "engine/engine_inner.h"

#include "base/clock.h"

#include <stdlib.h>

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

static bool remove_locked(Inbox *inbox, Timer *timer) {
  if (timer->index == 0) return false;
  size_t index = timer->index;
  Timer *last = inbox->heap[--inbox->heap_count];
  timer->index = 0;
  if (last == timer) return true;
  if (index > 1 && inbox->heap[index / 2 - 1]->due_us > last->due_us) sift_up(inbox, last, index);
  else sift_down(inbox, last, index);
  return true;
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

bool timer_add(Engine *engine, Timer *timer, int64_t due_us) {
  Inbox *inbox = engine->inbox;
  pthread_mutex_lock(&inbox->mutex);
  remove_locked(inbox, timer);
  bool dropped = timer->ends_with_service && atomic_load(&engine->retired);
  bool ok = dropped || grow_heap(inbox);
  if (ok && !dropped) {
    timer->due_us = due_us;
    sift_up(inbox, timer, ++inbox->heap_count);
    if (timer->index == 1) pthread_cond_signal(&inbox->changed);
  }
  pthread_mutex_unlock(&inbox->mutex);
  return ok;
}

bool timer_remove(Engine *engine, Timer *timer) {
  pthread_mutex_lock(&engine->inbox->mutex);
  bool removed = remove_locked(engine->inbox, timer);
  pthread_mutex_unlock(&engine->inbox->mutex);
  return removed;
}

// wait_cancel calls `cancel` with the mutex held.
bool timer_remove_in_cancel(Engine *engine, Timer *timer) {
  return remove_locked(engine->inbox, timer);
}

Timer *timers_take_due(Inbox *inbox) {
  if (inbox->heap_count == 0 || inbox->heap[0]->due_us > clock_now_us()) return NULL;
  Timer *timer = inbox->heap[0];
  remove_locked(inbox, timer);
  return timer;
}

// Returns a timer for a long slice, or NULL. One that is nearly due is taken too: its thread may be waiting for the
// engine over and over (TIMER_SOON_US).
static Timer *take_for_slice(Inbox *inbox) {
  int64_t until_us = clock_now_us() + TIMER_SOON_US;
  if (inbox->heap_count == 0 || inbox->heap[0]->due_us > until_us) return NULL;
  for (size_t i = 0; i < inbox->heap_count; i++) {
    Timer *timer = inbox->heap[i];
    if (!timer->in_slice || timer->due_us > until_us) continue;
    remove_locked(inbox, timer);
    return timer;
  }
  return NULL;
}

void timers_serve_in_slice(Engine *engine) {
  Inbox *inbox = engine->inbox;
  for (;;) {
    pthread_mutex_lock(&inbox->mutex);
    Timer *timer = take_for_slice(inbox);
    pthread_mutex_unlock(&inbox->mutex);
    if (!timer) return;
    timer->in_slice(engine, timer->ctx);
  }
}

int64_t engine_next_timer_us(Engine *engine) {
  Inbox *inbox = engine->inbox;
  pthread_mutex_lock(&inbox->mutex);
  int64_t due_us = inbox->heap_count ? inbox->heap[0]->due_us : INT64_MAX;
  pthread_mutex_unlock(&inbox->mutex);
  return due_us;
}

void timers_end_service(Inbox *inbox) {
  size_t kept = 0;
  for (size_t i = 0; i < inbox->heap_count; i++) {
    if (inbox->heap[i]->ends_with_service) inbox->heap[i]->index = 0;
    else place_timer(inbox, inbox->heap[i], ++kept);
  }
  inbox->heap_count = kept;
  for (size_t i = kept / 2; i > 0; i--) sift_down(inbox, inbox->heap[i - 1], i);
}
