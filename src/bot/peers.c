// Claims and answers under a message's identity: "R" and the process that has it, or "A", the time and the
// answer.
#include "bot/peers.h"

#include "base/clock.h"
#include "base/mutex.h"
#include "codec/digest.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
  RENEW_US = 750 * 1000,
  LOOK_US = 40 * 1000,    // between two looks at what another process has under way
  AWAY_US = 1000 * 1000,  // a store that was away is not asked again for so long
};

typedef struct Claim {
  struct Claim *previous, *next;
  Str key;
  int64_t renew_us;
} Claim;

struct Peers {
  Store *store;
  Str account;
  int64_t window_ms;
  char claim[1 + 16 + 1];  // the value of what this process has under way
  atomic_int_least64_t away_until_us;
  pthread_mutex_t mutex;
  Claim *claims;
};

Peers *peers_new(Store *store, Str account, int64_t window_s) {
  Peers *peers = calloc(1, sizeof *peers);
  uint64_t owner;
  if (!peers || !digest_random(&owner, sizeof owner)) {
    free(peers);
    return NULL;
  }
  peers->store = store;
  peers->account = account;
  peers->window_ms = window_s * 1000;
  snprintf(peers->claim, sizeof peers->claim, "R%016" PRIx64, owner);
  mutex_init_brief(&peers->mutex);
  return peers;
}

void peers_free(Peers *peers) {
  if (!peers) return;
  pthread_mutex_destroy(&peers->mutex);
  free(peers);
}

// ---- the store ----------------------------------------------------------------------------------

static bool is_away(Peers *peers) {
  return clock_now_us() < atomic_load_explicit(&peers->away_until_us, memory_order_relaxed);
}

// The store's reply, to be freed; NULL when it is away, which it says itself.
static StoreReply *ask(Peers *peers, const StoreCall *call) {
  StoreReply *reply = store_call_wait(peers->store, call, NULL);
  if (reply && reply->err.code == ERR_NONE) return reply;
  atomic_store(&peers->away_until_us, clock_now_us() + AWAY_US);
  store_reply_free(reply);
  return NULL;
}

static void forget_reply(void *ctx, StoreReply *reply) { store_reply_free(reply); }

static void tell(Peers *peers, const StoreCall *call) {
  if (!is_away(peers)) store_call(peers->store, call, forget_reply, NULL, NULL);
}

// ---- claims -------------------------------------------------------------------------------------

// In the job's arena; empty where there is none.
static Str key_of(const Peers *peers, Job *job) {
  if (job->identity.len + peers->account.len + 8 > STORE_KEY_MAX) return str_make("", 0);
  return arena_printf(job->arena, "answer/%.*s/%.*s", STR_FMT(peers->account),
                      STR_FMT(job->identity));
}

static void hold(Peers *peers, Job *job, Str key) {
  Claim *claim = arena_calloc(job->arena, 1, sizeof *claim);
  if (!claim) return;
  *claim = (Claim){ .key = key, .renew_us = clock_now_us() + RENEW_US };
  pthread_mutex_lock(&peers->mutex);
  claim->next = peers->claims;
  if (peers->claims) peers->claims->previous = claim;
  peers->claims = claim;
  job->claim = claim;
  pthread_mutex_unlock(&peers->mutex);
}

// Takes the job's claim out; false when it has none.
static bool drop(Peers *peers, Job *job, Str *key) {
  pthread_mutex_lock(&peers->mutex);
  Claim *claim = job->claim;
  if (claim) {
    if (claim->previous) claim->previous->next = claim->next;
    else peers->claims = claim->next;
    if (claim->next) claim->next->previous = claim->previous;
    job->claim = NULL;
    *key = claim->key;
  }
  pthread_mutex_unlock(&peers->mutex);
  return claim != NULL;
}

void peers_renew(Peers *peers, int64_t now_us) {
  pthread_mutex_lock(&peers->mutex);
  for (Claim *claim = peers->claims; claim; claim = claim->next) {
    if (claim->renew_us > now_us) continue;
    claim->renew_us = now_us + RENEW_US;
    tell(peers, &(StoreCall){ .op = STORE_LEASE,
                              .key = claim->key,
                              .value = str_of(peers->claim),
                              .ttl_ms = PEERS_CLAIM_MS });
  }
  pthread_mutex_unlock(&peers->mutex);
}

void peers_finish(Peers *peers, Job *job, Str packed) {
  Str key;
  if (!drop(peers, job, &key)) return;
  Buf value;
  buf_init(&value);
  buf_addc(&value, 'A');
  buf_add_int(&value, job->answered_s);
  buf_addc(&value, ':');
  buf_add(&value, packed);
  if (value.failed || peers->window_ms == 0) {
    tell(peers, &(StoreCall){ .op = STORE_DELETE, .key = key });
  } else {
    // A store that is away is told when it is back: the platform may try again at another process.
    StoreCall call = { .op = STORE_SET,
                       .key = key,
                       .value = buf_str(&value),
                       .ttl_ms = peers->window_ms,
                       .keep_ms = peers->window_ms };
    store_call(peers->store, &call, forget_reply, NULL, NULL);
  }
  buf_clear(&value);
}

void peers_forget(Peers *peers, Job *job) {
  Str key;
  if (drop(peers, job, &key))
    tell(peers, &(StoreCall){ .op = STORE_RELEASE, .key = key, .value = str_of(peers->claim) });
}

// ---- what others have ---------------------------------------------------------------------------

typedef enum { FOUND_NOTHING, FOUND_CLAIM, FOUND_OWN, FOUND_ANSWER, FOUND_NOBODY_TO_ASK } Found;

static Found read_value(const Peers *peers, Str value, Buf *answer, int64_t *answered_s) {
  Str seconds, packed;
  if (!str_starts(value, STR("A")))
    return str_eq(value, str_of(peers->claim)) ? FOUND_OWN : FOUND_CLAIM;
  if (!str_cut(str_sub(value, 1, value.len), ':', &seconds, &packed) ||
      !str_to_int64(seconds, answered_s))
    return FOUND_CLAIM;
  buf_add(answer, packed);
  return answer->failed ? FOUND_CLAIM : FOUND_ANSWER;
}

static Found look(Peers *peers, Str key, Buf *answer, int64_t *answered_s) {
  StoreReply *reply = ask(peers, &(StoreCall){ .op = STORE_GET, .key = key });
  if (!reply) return FOUND_NOBODY_TO_ASK;
  Found found = reply->ok ? read_value(peers, reply->value, answer, answered_s) : FOUND_NOTHING;
  store_reply_free(reply);
  return found;
}

static Found try_claim(Peers *peers, Str key) {
  StoreReply *reply = ask(peers, &(StoreCall){ .op = STORE_ADD,
                                               .key = key,
                                               .value = str_of(peers->claim),
                                               .ttl_ms = PEERS_CLAIM_MS });
  if (!reply) return FOUND_NOBODY_TO_ASK;
  Found found = reply->ok ? FOUND_OWN : FOUND_CLAIM;
  store_reply_free(reply);
  return found;
}

PeersResult peers_claim(Peers *peers, Job *job, Buf *answer, int64_t *answered_s) {
  Str key = key_of(peers, job);
  if (key.len == 0) return PEERS_MINE;
  Found found = is_away(peers) ? FOUND_NOBODY_TO_ASK : try_claim(peers, key);
  if (found == FOUND_CLAIM) found = look(peers, key, answer, answered_s);
  if (found == FOUND_NOTHING) found = try_claim(peers, key);  // it lapsed meanwhile
  if (found == FOUND_OWN || found == FOUND_NOBODY_TO_ASK) hold(peers, job, key);
  if (found == FOUND_ANSWER) return PEERS_ANSWERED;
  return found == FOUND_CLAIM ? PEERS_RUNNING : PEERS_MINE;
}

PeersResult peers_wait(Peers *peers, Job *job, int64_t deadline_us, Buf *answer,
                       int64_t *answered_s) {
  Str key = key_of(peers, job);
  for (;;) {
    int64_t left_us = deadline_us - clock_now_us();
    if (left_us <= 0) return PEERS_RUNNING;
    nanosleep(&(struct timespec){ .tv_nsec = (left_us < LOOK_US ? left_us : LOOK_US) * 1000 },
              NULL);
    Found found = is_away(peers) ? FOUND_NOBODY_TO_ASK : look(peers, key, answer, answered_s);
    if (found == FOUND_ANSWER) return PEERS_ANSWERED;
    if (found == FOUND_NOTHING || found == FOUND_OWN) return PEERS_MINE;
  }
}
