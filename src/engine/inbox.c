// What is ready to go on, for the engine's thread.
#include "engine/internal.h"

#include "base/mutex.h"

#include <stdlib.h>

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

Wait *inbox_take_locked(Inbox *inbox) {
  Wait *wait = inbox->first;
  if (!wait) return NULL;
  inbox->first = wait->next;
  if (!inbox->first) inbox->last = NULL;
  return wait;
}
