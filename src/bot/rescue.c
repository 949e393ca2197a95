// A list that only grows, of runs that say themselves what state they are in.
#include "bot/rescue.h"

#include <sched.h>
#include <stdlib.h>

enum { RUN_IDLE, RUN_WATCHED, RUN_BEING_ANSWERED, RUN_ANSWERED };

struct Rescue {
  pthread_mutex_t mutex;
  RescueRun *first;
};

Rescue *rescue_new(void) {
  Rescue *rescue = calloc(1, sizeof *rescue);
  if (rescue) pthread_mutex_init(&rescue->mutex, NULL);
  return rescue;
}

void rescue_free(Rescue *rescue) {
  if (!rescue) return;
  pthread_mutex_destroy(&rescue->mutex);
  free(rescue);
}

void rescue_join(Rescue *rescue, RescueRun *run) {
  atomic_init(&run->state, RUN_IDLE);
  pthread_mutex_lock(&rescue->mutex);
  run->next = rescue->first;
  rescue->first = run;
  pthread_mutex_unlock(&rescue->mutex);
}

void rescue_begin(RescueRun *run, int64_t deadline_us, bool (*answer)(void *ctx), void *ctx) {
  run->answer = answer;
  run->ctx = ctx;
  atomic_store_explicit(&run->deadline_us, deadline_us, memory_order_relaxed);
  atomic_store_explicit(&run->state, RUN_WATCHED, memory_order_release);
}

bool rescue_end(RescueRun *run) {
  int watched = RUN_WATCHED;
  if (atomic_compare_exchange_strong(&run->state, &watched, RUN_IDLE)) return false;
  int state;
  while ((state = atomic_load(&run->state)) == RUN_BEING_ANSWERED) sched_yield();
  if (state == RUN_WATCHED) return rescue_end(run);  // the watching thread found nothing to answer
  atomic_store(&run->state, RUN_IDLE);
  return true;
}

// The run may have ended and another one begun between the look and the claim, so what was claimed is looked
// at again.
static void answer_if_due(RescueRun *run, int64_t now_us) {
  int watched = RUN_WATCHED;
  if (atomic_load_explicit(&run->state, memory_order_relaxed) != RUN_WATCHED ||
      atomic_load(&run->deadline_us) > now_us ||
      !atomic_compare_exchange_strong(&run->state, &watched, RUN_BEING_ANSWERED)) {
    return;
  }
  bool answered = atomic_load(&run->deadline_us) <= now_us && run->answer(run->ctx);
  atomic_store(&run->state, answered ? RUN_ANSWERED : RUN_WATCHED);
}

void rescue_answer_due(Rescue *rescue, int64_t now_us) {
  pthread_mutex_lock(&rescue->mutex);
  for (RescueRun *run = rescue->first; run; run = run->next) answer_if_due(run, now_us);
  pthread_mutex_unlock(&rescue->mutex);
}
