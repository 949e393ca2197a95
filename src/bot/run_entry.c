#include "bot/run_entry.h"

#include <sched.h>

#include "base/clock.h"

enum { ASK_US = 1000 * 1000 };  // a run that waits tries to begin about ten times a second

enum {
  UNKNOWN,  // it is not known yet whether the message is this process's
  WAITS,    // for its turn
  WRITING,  // the entry is being passed to the store
  WRITTEN,  // the store has the entry, or is about to
  BEGINS    // it has its turn
};

void run_entry_init(RunEntry *entry, Keep *keep, Job *job, Str document) {
  *entry = (RunEntry){ .keep = keep, .job = job, .document = document, .state = UNKNOWN };
}

void run_entry_wait(RunEntry *entry, bool is_elsewhere) {
  entry->is_elsewhere = is_elsewhere;
  atomic_store(&entry->state, WAITS);
}

void run_entry_take(RunEntry *entry) {
  entry->lapses = entry->job->lapses;
  entry->is_own = true;
  atomic_store(&entry->state, WRITTEN);
}

bool run_entry_is_missing(RunEntry *entry) {
  return entry->keep && atomic_load(&entry->state) == WAITS &&
         clock_now_us() >= atomic_load(&entry->write_us);
}

static void on_replied(void *ctx, StoreReply *reply) {
  RunEntry *entry = ctx;
  store_reply_free(reply);
  atomic_fetch_sub(&entry->under_way, 1);
  job_release(entry->job);
}

// The job, in whose arena the entry may be, is held until the store's reply.
static bool write_entry(RunEntry *entry) {
  Job *job = job_retain(entry->job);
  KeepMessage message = { .openid = job->from_user,
                          .identity = job->identity,
                          .document = entry->document,
                          .arrived_us = job->started_us,
                          .adds = entry->is_elsewhere };
  entry->lapses = keep_lapses(entry->keep);
  entry->is_own = !message.adds;
  entry->owner = KEEP_OWNER_UNKNOWN;
  entry->ask_us = 0;
  atomic_fetch_add(&entry->under_way, 1);
  bool ok = keep_owe_message(entry->keep, &message, on_replied, entry);
  if (!ok) on_replied(entry, NULL);
  return ok;
}

void run_entry_write(RunEntry *entry) {
  int waits = WAITS;
  if (!run_entry_is_missing(entry) ||
      !atomic_compare_exchange_strong(&entry->state, &waits, WRITING))
    return;
  atomic_store(&entry->state, write_entry(entry) ? WRITTEN : WAITS);
}

bool run_entry_begin(RunEntry *entry) {
  int state = WAITS;
  for (;; state = state == WRITING ? WAITS : state) {
    if (atomic_compare_exchange_strong(&entry->state, &state, BEGINS)) return state == WRITTEN;
    if (state == WRITING) sched_yield();  // for as long as it takes to queue a write
  }
}

void run_entry_wait_on(RunEntry *entry, bool there) {
  atomic_store(&entry->state, there ? WRITTEN : WAITS);
}

bool run_entry_may_be_shared(const RunEntry *entry, bool there) {
  return there || entry->is_elsewhere;
}

bool run_entry_is_added(const RunEntry *entry) { return entry->is_elsewhere && !entry->is_own; }

bool run_entry_is_saved(const RunEntry *entry) {
  return atomic_load(&((RunEntry *)entry)->under_way) == 0 && !run_entry_is_unsaved(entry);
}

bool run_entry_is_unsaved(const RunEntry *entry) {
  return keep_is_unsaved(entry->keep, entry->job->from_user, entry->job->identity);
}

bool run_entry_asks(const RunEntry *entry) {
  if (run_entry_is_added(entry)) return clock_now_us() >= entry->ask_us;
  return keep_asks_for_message(entry->keep, entry->lapses);
}

static void ask(RunEntry *entry) {
  const Job *job = entry->job;
  int64_t lapses = keep_lapses(entry->keep);
  entry->owner = keep_message_owner(entry->keep, job->from_user, job->identity);
  // The store may have been asked before the entry was added.
  if (entry->owner == KEEP_OWNER_OTHER && atomic_load(&entry->under_way) > 0)
    entry->owner = KEEP_OWNER_UNKNOWN;
  entry->ask_us = clock_now_us() + ASK_US;
  entry->is_own = entry->owner == KEEP_OWNER_SELF;
  if (entry->is_own) entry->lapses = lapses;
  if (entry->owner == KEEP_OWNER_OTHER) atomic_store(&entry->write_us, entry->ask_us);
}

KeepOwner run_entry_owner(RunEntry *entry) {
  const Job *job = entry->job;
  if (run_entry_is_added(entry)) {
    if (run_entry_asks(entry)) ask(entry);
    return entry->owner;
  }
  return keep_owes_message(entry->keep, job->from_user, job->identity, entry->lapses)
             ? KEEP_OWNER_SELF
             : KEEP_OWNER_OTHER;
}

void run_entry_drop(const RunEntry *entry) {
  keep_drop(entry->keep, entry->job->from_user, entry->job->identity);
}

void run_entry_end(const RunEntry *entry) {
  keep_end_message(entry->keep, entry->job->from_user, entry->job->identity);
}
