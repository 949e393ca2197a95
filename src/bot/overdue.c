// A list of runs that only grows; each run has its own state.
#include "bot/overdue.h"

#include <sched.h>
#include <stdlib.h>

enum { RUN_IDLE, RUN_WATCHED, RUN_BEING_ANSWERED, RUN_ANSWERED };

struct Overdue {
  pthread_mutex_t mutex;
  OverdueRun *first;
};

Overdue *overdue_new(void) {
  Overdue *overdue = calloc(1, sizeof *overdue);
  if (overdue) pthread_mutex_init(&overdue->mutex, NULL);
  return overdue;
}

void overdue_free(Overdue *overdue) {
  if (!overdue) return;
  pthread_mutex_destroy(&overdue->mutex);
  free(overdue);
}

void overdue_join(Overdue *overdue, OverdueRun *run) {
  atomic_init(&run->state, RUN_IDLE);
  pthread_mutex_lock(&overdue->mutex);
  run->next = overdue->first;
  overdue->first = run;
  pthread_mutex_unlock(&overdue->mutex);
}

void overdue_begin(OverdueRun *run, int64_t deadline_us, bool (*answer)(void *ctx), void *ctx) {
  run->answer = answer;
  run->ctx = ctx;
  atomic_store_explicit(&run->deadline_us, deadline_us, memory_order_relaxed);
  atomic_store_explicit(&run->state, RUN_WATCHED, memory_order_release);
}

bool overdue_end(OverdueRun *run) {
  int watched = RUN_WATCHED;
  if (atomic_compare_exchange_strong(&run->state, &watched, RUN_IDLE)) return false;
  int state;
  while ((state = atomic_load(&run->state)) == RUN_BEING_ANSWERED) sched_yield();
  if (state == RUN_WATCHED) return overdue_end(run);  // the watching thread found nothing to answer
  atomic_store(&run->state, RUN_IDLE);
  return true;
}

// Between the check and the claim the run may have ended and another one begun, so the deadline is checked again after
// the claim.
static void answer_if_due(OverdueRun *run, int64_t now_us) {
  int watched = RUN_WATCHED;
  if (atomic_load_explicit(&run->state, memory_order_relaxed) != RUN_WATCHED ||
      atomic_load(&run->deadline_us) > now_us ||
      !atomic_compare_exchange_strong(&run->state, &watched, RUN_BEING_ANSWERED)) {
    return;
  }
  bool answered = atomic_load(&run->deadline_us) <= now_us && run->answer(run->ctx);
  atomic_store(&run->state, answered ? RUN_ANSWERED : RUN_WATCHED);
}

void overdue_answer_due(Overdue *overdue, int64_t now_us) {
  pthread_mutex_lock(&overdue->mutex);
  for (OverdueRun *run = overdue->first; run; run = run->next) answer_if_due(run, now_us);
  pthread_mutex_unlock(&overdue->mutex);
}
