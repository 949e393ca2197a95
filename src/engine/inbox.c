// The work for the engine's thread: turns and timers.
#include "engine/inbox.h"

#include "engine/engine_inner.h"
#include "engine/turn.h"
#include "engine/wait_inner.h"

#include "base/clock.h"
#include "base/mutex.h"
#include "base/wakeups.h"

#include <stdlib.h>

Inbox *inbox_new(void (*go_on)(Turn *turn, bool there)) {
  Inbox *inbox = calloc(1, sizeof *inbox);
  if (!inbox) return NULL;
  atomic_init(&inbox->holders, 1);
  inbox->go_on = go_on;
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
  wait->turn.take = inbox->go_on;
  turns_add(&inbox->turns, &wait->turn, wait->begins ? TURN_NEW : TURN_BEGUN,
            wait->turn.due_us == INT64_MAX ? 0 : clock_now_us());
}

static void wake(void *ctx) {
  Inbox *inbox = ctx;
  pthread_cond_signal(&inbox->changed);
  inbox_release(inbox);
}

// The thread would wake only to wait for the mutex, if it were told under it.
void inbox_tell_and_unlock(Inbox *inbox) {
  inbox_hold(inbox);
  pthread_mutex_unlock(&inbox->mutex);
  if (!wakeups_add(wake, inbox)) inbox_release(inbox);
}

bool engine_await_turn(Engine *engine, Turn *turn) {
  Inbox *inbox = engine->inbox;
  int64_t now_us = clock_now_us();
  pthread_mutex_lock(&inbox->mutex);
  bool open = !inbox->closing && !atomic_load(&engine->given_up);
  if (open) {
    turns_add(&inbox->turns, turn, TURN_NEW, now_us);
    pthread_cond_signal(&inbox->changed);
  }
  pthread_mutex_unlock(&inbox->mutex);
  return open;
}

void engine_give_turns_away(Engine *engine, size_t most) {
  Inbox *inbox = engine->inbox;
  pthread_mutex_lock(&inbox->mutex);
  Turn *turn = turns_take_movable(&inbox->turns, most);
  pthread_mutex_unlock(&inbox->mutex);
  for (Turn *next; turn; turn = next) {
    next = turn->next;
    turn->take(turn, false);
  }
}

void inbox_drop_turns(Inbox *inbox) {
  for (;;) {
    pthread_mutex_lock(&inbox->mutex);
    Turn *turn = turns_take(&inbox->turns, 0);
    pthread_mutex_unlock(&inbox->mutex);
    if (!turn) return;
    turn->take(turn, false);
  }
}
