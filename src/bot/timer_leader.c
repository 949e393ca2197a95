// A lease for an account's timers.
#include "bot/timer_leader.h"

#include "base/clock.h"
#include "base/log.h"
#include "codec/digest.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { ASK_US = 1500 * 1000 };

struct TimerLeader {
  Store *store;
  BotShared *shared;
  char key[128], owner[16 + 1];
  int64_t ask_us;    // when to ask next
  int64_t asked_us;  // clock_real_us: time of the last request
  pthread_mutex_t mutex;
  pthread_cond_t answered;
  bool asking;
};

TimerLeader *timer_leader_new(Store *store, Str account, BotShared *shared) {
  TimerLeader *leader = calloc(1, sizeof *leader);
  uint64_t owner;
  if (!leader || !digest_random(&owner, sizeof owner)) {
    free(leader);
    return NULL;
  }
  leader->store = store;
  leader->shared = shared;
  snprintf(leader->key, sizeof leader->key, "timers/%.*s", STR_FMT(account));
  snprintf(leader->owner, sizeof leader->owner, "%016" PRIx64, owner);
  pthread_mutex_init(&leader->mutex, NULL);
  pthread_cond_init(&leader->answered, NULL);
  atomic_store(&shared->timers_elsewhere, true);
  return leader;
}

// On the store's thread.
static void on_answer(void *ctx, StoreReply *reply) {
  TimerLeader *leader = ctx;
  bool away = reply->err.code != ERR_NONE;
  // No process gets the lease while the store is away. The store's failure also shows that this process was not frozen.
  if (away || reply->ok)
    atomic_store(&leader->shared->timers_until_us,
                 (away ? clock_real_us() : leader->asked_us) + TIMER_LEADER_LEASE_MS * 1000);
  if (!away && atomic_exchange(&leader->shared->timers_elsewhere, !reply->ok) != !reply->ok)
    log_debug(reply->ok ? "this process runs the script's timers"
                        : "another process runs the script's timers");
  store_reply_free(reply);
  pthread_mutex_lock(&leader->mutex);
  leader->asking = false;
  pthread_cond_signal(&leader->answered);
  pthread_mutex_unlock(&leader->mutex);
}

static void ask(TimerLeader *leader, const StoreCall *call) {
  pthread_mutex_lock(&leader->mutex);
  if (!leader->asking) leader->asked_us = clock_real_us();
  if (!leader->asking) leader->asking = store_call(leader->store, call, on_answer, leader, NULL);
  pthread_mutex_unlock(&leader->mutex);
}

void timer_leader_look(TimerLeader *leader, int64_t now_us) {
  if (now_us < leader->ask_us || !atomic_load(&leader->shared->timers)) return;
  leader->ask_us = now_us + ASK_US;
  ask(leader, &(StoreCall){ .op = STORE_LEASE,
                            .key = str_of(leader->key),
                            .value = str_of(leader->owner),
                            .ttl_ms = TIMER_LEADER_LEASE_MS });
}

static void await_answer(TimerLeader *leader) {
  pthread_mutex_lock(&leader->mutex);
  while (leader->asking) pthread_cond_wait(&leader->answered, &leader->mutex);
  pthread_mutex_unlock(&leader->mutex);
}

void timer_leader_free(TimerLeader *leader) {
  if (!leader) return;
  await_answer(leader);
  if (!atomic_load(&leader->shared->timers_elsewhere)) {
    ask(leader, &(StoreCall){ .op = STORE_RELEASE,
                              .key = str_of(leader->key),
                              .value = str_of(leader->owner) });
    await_answer(leader);
  }
  pthread_cond_destroy(&leader->answered);
  pthread_mutex_destroy(&leader->mutex);
  free(leader);
}
