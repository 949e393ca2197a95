// A list of runs under one mutex: a run is in it for the microseconds that its first slice takes.
#include "bot/rescue.h"

#include "base/mutex.h"

#include <stdlib.h>

struct Rescue {
  pthread_mutex_t mutex;
  RescueRun *first;
};

Rescue *rescue_new(void) {
  Rescue *rescue = calloc(1, sizeof *rescue);
  if (rescue) mutex_init_brief(&rescue->mutex);
  return rescue;
}

void rescue_free(Rescue *rescue) {
  if (!rescue) return;
  pthread_mutex_destroy(&rescue->mutex);
  free(rescue);
}

void rescue_begin(Rescue *rescue, RescueRun *run) {
  run->answered = false;
  run->previous = NULL;
  pthread_mutex_lock(&rescue->mutex);
  run->next = rescue->first;
  if (run->next) run->next->previous = run;
  rescue->first = run;
  pthread_mutex_unlock(&rescue->mutex);
}

bool rescue_end(Rescue *rescue, RescueRun *run) {
  pthread_mutex_lock(&rescue->mutex);
  if (run->previous) run->previous->next = run->next;
  else rescue->first = run->next;
  if (run->next) run->next->previous = run->previous;
  bool answered = run->answered;
  pthread_mutex_unlock(&rescue->mutex);
  return answered;
}

void rescue_answer_due(Rescue *rescue, int64_t now_us) {
  pthread_mutex_lock(&rescue->mutex);
  for (RescueRun *run = rescue->first; run; run = run->next) {
    if (run->answered || run->deadline_us > now_us) continue;
    run->answered = true;
    run->answer(run->ctx);
  }
  pthread_mutex_unlock(&rescue->mutex);
}
