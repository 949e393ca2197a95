// A lease for an account's timers.
#include "bot/duty.h"

#include "base/log.h"
#include "codec/digest.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { ASK_US = 1500 * 1000 };

struct Duty {
  Store *store;
  Fleet *fleet;
  char key[128], owner[16 + 1];
  int64_t ask_us;  // when to ask next
  pthread_mutex_t mutex;
  pthread_cond_t answered;
  bool asking;
};

Duty *duty_new(Store *store, Str account, Fleet *fleet) {
  Duty *duty = calloc(1, sizeof *duty);
  uint64_t owner;
  if (!duty || !digest_random(&owner, sizeof owner)) {
    free(duty);
    return NULL;
  }
  duty->store = store;
  duty->fleet = fleet;
  snprintf(duty->key, sizeof duty->key, "timers/%.*s", STR_FMT(account));
  snprintf(duty->owner, sizeof duty->owner, "%016" PRIx64, owner);
  pthread_mutex_init(&duty->mutex, NULL);
  pthread_cond_init(&duty->answered, NULL);
  atomic_store(&fleet->off_duty, true);
  return duty;
}

// On the store's thread.
static void on_answer(void *ctx, StoreReply *reply) {
  Duty *duty = ctx;
  if (reply->err.code == ERR_NONE &&
      atomic_exchange(&duty->fleet->off_duty, !reply->ok) != !reply->ok)
    log_debug(reply->ok ? "this process runs the script's timers"
                        : "another process runs the script's timers");
  store_reply_free(reply);
  pthread_mutex_lock(&duty->mutex);
  duty->asking = false;
  pthread_cond_signal(&duty->answered);
  pthread_mutex_unlock(&duty->mutex);
}

static void ask(Duty *duty, const StoreCall *call) {
  pthread_mutex_lock(&duty->mutex);
  if (!duty->asking) duty->asking = store_call(duty->store, call, on_answer, duty, NULL);
  pthread_mutex_unlock(&duty->mutex);
}

void duty_look(Duty *duty, int64_t now_us) {
  if (now_us < duty->ask_us || !atomic_load(&duty->fleet->timers)) return;
  duty->ask_us = now_us + ASK_US;
  ask(duty, &(StoreCall){ .op = STORE_LEASE,
                          .key = str_of(duty->key),
                          .value = str_of(duty->owner),
                          .ttl_ms = DUTY_LEASE_MS });
}

static void await_answer(Duty *duty) {
  pthread_mutex_lock(&duty->mutex);
  while (duty->asking) pthread_cond_wait(&duty->answered, &duty->mutex);
  pthread_mutex_unlock(&duty->mutex);
}

void duty_free(Duty *duty) {
  if (!duty) return;
  await_answer(duty);
  if (!atomic_load(&duty->fleet->off_duty)) {
    ask(duty, &(StoreCall){
                  .op = STORE_RELEASE, .key = str_of(duty->key), .value = str_of(duty->owner) });
    await_answer(duty);
  }
  pthread_cond_destroy(&duty->answered);
  pthread_mutex_destroy(&duty->mutex);
  free(duty);
}
