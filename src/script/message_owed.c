// Puts a run into the store before its message is answered without it, so that another process can continue the run.
#include "script/message_inner.h"

#include "base/clock.h"
#include "script/late_order.h"

#include <stdlib.h>

enum {
  TAKEN_AFTER_US = 250 * 1000,  // the message has been answered by then
  AGAIN_US = 1000 * 1000        // less than one try of the platform takes
};

// Returns whether the run's question is on its way into the store, which must not be overwritten.
static bool is_asking(const StoredRun *stored) {
  return stored->in_store && stored->run.state == KEPT_ASKS;
}

// Notes that the message is answered before the run's end.
static void note_owed(Task *task, MessageRun *run, StoredRun *stored) {
  int64_t arrived_us = task_rank(task).arrived_us;
  stored->run.owed = true;
  if (arrived_us) stored->run.arrived_us = arrived_us;
  if (!stored->here) atomic_fetch_add(&message_shared(run)->owed_here, 1);
  stored->here = true;
}

void message_owe_begun(Task *task, const MessageTask *message) {
  MessageRun *run = message_run(task);
  StoredRun *stored = message->unbegun && *message->unbegun ? message_stored_run(task) : NULL;
  Record *record = stored ? task_record(task) : NULL;
  if (!record || record_given_up(record)[0]) return;
  note_owed(task, run, stored);
  if (stored->in_store) return;  // see message_drop_entry
  stored_run_set(&stored->run.identity, run->identity);
  message_watch(task);
  stored_run_save_soon(stored, record);
  *message->unbegun = !stored->in_store;
}

void message_drop_entry(const MessageRun *run, const MessageTask *message) {
  if (!message->unbegun || !*message->unbegun) return;
  keep_drop(message_keep(run->in), message->sender, message->identity);
  *message->unbegun = false;
}

bool message_owe(Task *task) {
  MessageRun *run = message_run(task);
  StoredRun *stored = message_stored_run(task);
  Record *record = stored ? task_record(task) : NULL;
  if (!record || record_given_up(record)[0] || is_asking(stored)) return false;
  if (!stored->in_store && stored->run.identity.len == 0) {
    if (run->identity.len == 0) return false;
    stored_run_set(&stored->run.identity, run->identity);
  }
  note_owed(task, run, stored);
  message_watch(task);
  return stored_run_save(stored, record, KEPT_RUNS, NULL, NULL);
}

// Stores how much was sent as the reply, so that it is not sent again.
static void keep_taken(Task *task) {
  MessageRun *run = message_run(task);
  size_t bytes;
  bool other;
  said_taken(run->said, &bytes, &other);
  if (run->stored && run->stored->in_store && !is_asking(run->stored) && (bytes || other))
    stored_run_save(run->stored, task_record(task), KEPT_RUNS, NULL, NULL);
}

// Returns true if the alarm is set once more.
static bool ring_now(Engine *engine, Alarm *alarm) {
  MessageRun *run = message_run(alarm->task);
  int64_t now_us = clock_now_us();
  if (!alarm->again && run->owes && !run->owes(run->owner) &&
      timer_add(engine, &alarm->timer, now_us + AGAIN_US))
    return true;
  if (alarm->again && said_state(run->said) == SAID_WAITS &&
      timer_add(engine, &alarm->timer, now_us + TAKEN_AFTER_US))
    return true;
  if (alarm->again) {
    keep_taken(alarm->task);
  } else {
    message_run_take_place(run);
    late_order_share(run->place);
    alarm->again = message_owe(alarm->task) && run->said;
    int64_t taken_us = run->owe_at_us > now_us ? run->owe_at_us : now_us;
    if (alarm->again && timer_add(engine, &alarm->timer, taken_us + TAKEN_AFTER_US)) return true;
  }
  run->alarm = NULL;
  return false;
}

static void ring_entered(Engine *engine, void *ctx) {
  Alarm *alarm = ctx;
  bool more = alarm->task && ring_now(engine, alarm);
  if (!more) free(alarm);
}

// While a script computes, it calls ring_entered itself.
static void ring(Engine *engine, void *ctx) {
  Alarm *alarm = ctx;
  int64_t now_us = clock_now_us();
  bool entered = engine_enter(engine, now_us + TIMER_SOON_US / 2);
  if (!entered && timer_add(engine, &alarm->timer, now_us + TIMER_SOON_US)) return;
  if (!entered && !engine_enter(engine, INT64_MAX)) return;
  ring_entered(engine, alarm);
  engine_leave(engine);
}

void message_alarm_set(Task *task) {
  MessageRun *run = message_run(task);
  if (!run->stored || run->owe_at_us == 0 || run->alarm) return;
  Alarm *alarm = run->alarm = calloc(1, sizeof *alarm);
  if (!alarm) return;
  *alarm = (Alarm){ .timer = { .fn = ring, .in_slice = ring_entered, .ctx = alarm }, .task = task };
  if (timer_add(run->in->engine, &alarm->timer, run->owe_at_us)) return;
  free(alarm);
  run->alarm = NULL;
}

void message_alarm_drop(MessageRun *run) {
  Alarm *alarm = run->alarm;
  run->alarm = NULL;
  if (!alarm) return;
  if (timer_remove(run->in->engine, &alarm->timer)) free(alarm);
  else alarm->task = NULL;  // it is about to fire
}

void message_settle(BotShared *shared, StoredRun *stored) {
  if (stored->here) atomic_fetch_sub(&shared->owed_here, 1);
  stored->here = false;
  stored->run.owed = false;
}
