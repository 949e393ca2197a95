// The claims of this process, and what it knows of other processes.
#include "bot/peers_inner.h"

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
  CONFIRM_US = 200 * 1000,  // a claim that is in doubt: most messages are answered sooner
  AWAY_US = 1000 * 1000,    // how long the store is not asked after it was away
  REGAIN_US = 1000 * 1000,  // between two questions who has the message of a lost claim
  ALONE_US = 5 * 1000,      // how long the result of peers_look is used
};

typedef struct Claim {
  struct Claim *previous, *next;
  atomic_int holders;
  int64_t renew_us;
  // Monotonic: the claim is held until then; later the store must confirm it.
  atomic_int_least64_t until_us;
  atomic_bool lost;                // another process has the message
  atomic_int_least64_t regain_us;  // monotonic: then the store may be asked who has it
  size_t key_len;
  char key[];
} Claim;

Peers *peers_new(Store *store, Str account, int64_t window_s) {
  Peers *peers = calloc(1, sizeof *peers);
  PeersTelling *telling = peers ? peers_telling_new(peers) : NULL;
  uint64_t owner;
  if (!telling || !digest_random(&owner, sizeof owner)) {
    peers_telling_end(telling);
    free(peers);
    return NULL;
  }
  peers->telling = telling;
  peers->store = store;
  peers->account = account;
  peers->window_ms = window_s * 1000;
  snprintf(peers->claim, sizeof peers->claim, "R%016" PRIx64, owner);
  mutex_init_brief(&peers->mutex);
  return peers;
}

void peers_free(Peers *peers) {
  if (!peers) return;
  peers_telling_end(peers->telling);
  // A call of the store takes less than a second, even if it fails.
  while (atomic_load(&peers->asking) > 0) nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
  pthread_mutex_destroy(&peers->mutex);
  store_reply_free(peers->before);
  free(peers->before_keys);
  free(peers);
}

// ---- store --------------------------------------------------------------------------------------

bool peers_is_away(Peers *peers) {
  return clock_now_us() < atomic_load_explicit(&peers->away_until_us, memory_order_relaxed);
}

void peers_note_away(Peers *peers) {
  atomic_store(&peers->away_until_us, clock_now_us() + AWAY_US);
}

static void tell(Peers *peers, const StoreCall *call) {
  if (!peers_is_away(peers)) store_call(peers->store, call, store_reply_drop, NULL, NULL);
}

// ---- claims -------------------------------------------------------------------------------------

static Str claim_key(const Claim *claim) { return str_make(claim->key, claim->key_len); }

static Claim *claim_new(Str key, int64_t until_us) {
  Claim *claim = calloc(1, sizeof *claim + key.len);
  if (!claim) return NULL;
  atomic_init(&claim->holders, 1);
  atomic_init(&claim->until_us, until_us);
  // Until the store has confirmed a claim in doubt, its run is not put into the store.
  claim->renew_us = clock_now_us() + (until_us ? RENEW_US : CONFIRM_US);
  claim->key_len = key.len;
  memcpy(claim->key, key.ptr, key.len);
  return claim;
}

static void claim_release(Claim *claim) {
  if (claim && atomic_fetch_sub(&claim->holders, 1) == 1) free(claim);
}

void peers_hold(Peers *peers, Job *job, Str key, int64_t until_us) {
  Claim *claim = claim_new(key, until_us);
  if (!claim) return;
  pthread_mutex_lock(&peers->mutex);
  bool first = !job->claim;
  if (first) {
    claim->next = peers->claims;
    if (peers->claims) peers->claims->previous = claim;
    peers->claims = claim;
    job->claim = claim;
  }
  pthread_mutex_unlock(&peers->mutex);
  if (!first) claim_release(claim);
}

// The store's word replaces what was known of the claim, a loss too.
void peers_hold_anew(Peers *peers, Job *job, Str key, int64_t until_us) {
  peers_hold(peers, job, key, until_us);
  pthread_mutex_lock(&peers->mutex);
  Claim *claim = job->claim;
  if (claim) {
    atomic_store(&claim->until_us, until_us);
    atomic_store(&claim->lost, false);
  }
  pthread_mutex_unlock(&peers->mutex);
}

// Removes the job's claim, which the caller releases; NULL if there is none. When a job ends, dedupe no longer knows
// it, so no new claim can be added.
static Claim *drop(Peers *peers, Job *job) {
  if (!job->claim) return NULL;
  pthread_mutex_lock(&peers->mutex);
  Claim *claim = job->claim;
  if (claim) {
    if (claim->previous) claim->previous->next = claim->next;
    else peers->claims = claim->next;
    if (claim->next) claim->next->previous = claim->previous;
    job->claim = NULL;
  }
  pthread_mutex_unlock(&peers->mutex);
  return claim;
}

void peers_drop_lost(Peers *peers, Job *job) {
  if (peers_has_lost(peers, job)) claim_release(drop(peers, job));
}

// A renewal under way.
typedef struct {
  Peers *peers;
  Claim *claim;
  int64_t sent_us;
  void (*told)(void *ctx, bool mine);  // NULL: not called
  void *ctx;
} Renewal;

// Notes the store's reply to a renewal; NULL is allowed. An error means that the store is away, and does not change the
// claim. Whoever waits for the reply does not wait again at once.
static void note_renewed(Peers *peers, Claim *claim, const StoreReply *reply, int64_t sent_us,
                         bool awaited) {
  bool known = reply && reply->err.code == ERR_NONE;
  if (!known && awaited) peers_note_away(peers);
  if (known && reply->ok) atomic_store(&claim->until_us, sent_us + PEERS_LAPSES_US);
  if (known && !reply->ok) atomic_store(&claim->lost, true);
}

static void on_renewed(void *ctx, StoreReply *reply) {
  Renewal *renewal = ctx;
  Peers *peers = renewal->peers;
  Claim *claim = renewal->claim;
  note_renewed(peers, claim, reply, renewal->sent_us, renewal->told != NULL);
  store_reply_free(reply);
  if (renewal->told) renewal->told(renewal->ctx, !atomic_load(&claim->lost));
  claim_release(claim);
  free(renewal);
  atomic_fetch_sub(&peers->asking, 1);
}

static StoreCall renewal_of(const Peers *peers, const Claim *claim) {
  return (StoreCall){ .op = STORE_LEASE,
                      .key = claim_key(claim),
                      .value = str_of(peers->claim),
                      .ttl_ms = PEERS_CLAIM_MS };
}

// Renews a claim. Returns false if the store cannot be asked now: then `told` is not called.
static bool renew(Peers *peers, Claim *claim, void (*told)(void *ctx, bool mine), void *ctx) {
  Renewal *renewal = peers_is_away(peers) ? NULL : malloc(sizeof *renewal);
  if (!renewal) return false;
  *renewal = (Renewal){ peers, claim, clock_now_us(), told, ctx };
  StoreCall call = renewal_of(peers, claim);
  atomic_fetch_add(&claim->holders, 1);
  atomic_fetch_add(&peers->asking, 1);
  if (store_call(peers->store, &call, on_renewed, renewal, NULL)) return true;
  atomic_fetch_sub(&peers->asking, 1);
  claim_release(claim);
  free(renewal);
  return false;
}

void peers_renew(Peers *peers, int64_t now_us) {
  pthread_mutex_lock(&peers->mutex);
  for (Claim *claim = peers->claims; claim; claim = claim->next) {
    if (claim->renew_us > now_us || atomic_load(&claim->lost)) continue;
    claim->renew_us = now_us + RENEW_US;
    renew(peers, claim, NULL, NULL);
  }
  pthread_mutex_unlock(&peers->mutex);
  peers_tell_more(peers->telling);
}

// Returns the job's claim, held once more; NULL if there is none.
static Claim *claim_of(Peers *peers, const Job *job) {
  pthread_mutex_lock(&peers->mutex);
  Claim *claim = job->claim;
  if (claim) atomic_fetch_add(&claim->holders, 1);
  pthread_mutex_unlock(&peers->mutex);
  return claim;
}

bool peers_is_in_doubt(Peers *peers, Job *job) {
  int64_t now_us = clock_now_us();
  // Another process may have opened the store while this process was stopped.
  if (peers->dedupe && now_us - atomic_load(&peers->looked_us) > PEERS_LAPSES_US) peers_look(peers);
  Claim *claim = claim_of(peers, job);
  bool doubt = claim && (atomic_load(&claim->lost) || atomic_load(&claim->until_us) < now_us);
  claim_release(claim);
  return doubt;
}

bool peers_has_lost(Peers *peers, Job *job) {
  Claim *claim = claim_of(peers, job);
  bool lost = claim && atomic_load(&claim->lost);
  claim_release(claim);
  return lost;
}

bool peers_confirm(Peers *peers, Job *job, void (*told)(void *ctx, bool mine), void *ctx) {
  Claim *claim = claim_of(peers, job);
  bool lost = claim && atomic_load(&claim->lost);
  bool asked = lost || (claim && renew(peers, claim, told, ctx));
  claim_release(claim);
  if (lost) told(ctx, false);
  return asked;
}

static void renew_and_wait(Peers *peers, Claim *claim) {
  StoreCall call = renewal_of(peers, claim);
  int64_t sent_us = clock_now_us();
  StoreReply *reply = store_call_wait(peers->store, &call, NULL);
  note_renewed(peers, claim, reply, sent_us, true);
  store_reply_free(reply);
}

bool peers_await_claim(Peers *peers, Job *job) {
  Claim *claim = peers_is_in_doubt(peers, job) ? claim_of(peers, job) : NULL;
  if (claim && !atomic_load(&claim->lost) && !peers_is_away(peers)) renew_and_wait(peers, claim);
  bool mine = !claim || !atomic_load(&claim->lost);
  claim_release(claim);
  return mine;
}

// Asks who has the message of a lost claim, and claims it again if nobody has.
static PeersFound regain(Peers *peers, Claim *claim) {
  int64_t answered_s;
  Buf answer;
  StoreCall call = { .op = STORE_GET, .key = claim_key(claim) };
  StoreReply *reply = peers_is_away(peers) ? NULL : store_call_wait(peers->store, &call, NULL);
  PeersFound found = FOUND_NOBODY_TO_ASK;
  buf_init(&answer);
  if (reply && reply->err.code == ERR_NONE)
    found = reply->ok ? peers_read_value(peers, reply->value, &answer, &answered_s) : FOUND_NOTHING;
  if (reply && reply->err.code != ERR_NONE) peers_note_away(peers);
  if (found == FOUND_NOTHING || found == FOUND_OWN) {
    atomic_store(&claim->lost, false);
    renew_and_wait(peers, claim);
  }
  buf_clear(&answer);
  store_reply_free(reply);
  return found;
}

// A run that waits tries to begin about ten times a second.
static bool may_regain(Claim *claim) {
  int64_t now_us = clock_now_us();
  if (now_us < atomic_load(&claim->regain_us)) return false;
  atomic_store(&claim->regain_us, now_us + REGAIN_US);
  return true;
}

PeersResult peers_regain(Peers *peers, Job *job) {
  Claim *claim = claim_of(peers, job);
  PeersFound found = claim ? FOUND_NOBODY_TO_ASK : FOUND_OWN;
  if (claim && may_regain(claim)) found = regain(peers, claim);
  bool lost = claim && atomic_load(&claim->lost);
  claim_release(claim);
  return found == FOUND_ANSWER ? PEERS_ANSWERED : lost ? PEERS_RUNNING : PEERS_MINE;
}

static bool put_answer(Peers *peers, Str key, int64_t answered_s, Str packed) {
  return peers_put_answer(peers, key, answered_s, packed, peers->window_ms, store_reply_drop, NULL);
}

void peers_finish(Peers *peers, Job *job, Str packed) {
  Claim *claim = drop(peers, job);
  if (!claim) return;
  Str key = claim_key(claim);
  if (atomic_load(&claim->lost)) return claim_release(claim);
  if (peers->window_ms == 0 || !put_answer(peers, key, job->answered_s, packed))
    tell(peers, &(StoreCall){ .op = STORE_DELETE, .key = key });
  claim_release(claim);
}

void peers_mark(Peers *peers, Str identity) {
  char text[STORE_KEY_MAX];
  Str key = peers_key(peers, identity, text);
  if (key.len && peers->window_ms) put_answer(peers, key, clock_unix_s(), STR(""));
}

void peers_forget(Peers *peers, Job *job) {
  Claim *claim = drop(peers, job);
  if (!claim) return;
  tell(peers,
       &(StoreCall){ .op = STORE_RELEASE, .key = claim_key(claim), .value = str_of(peers->claim) });
  claim_release(claim);
}

// ---- company ------------------------------------------------------------------------------------

static bool tell_running(void *ctx, const DedupeSeen *seen) {
  Peers *peers = ctx;
  char text[STORE_KEY_MAX];
  if (seen->job->is_resumed) return true;
  Str key = peers_key(peers, seen->identity, text);
  if (key.len) peers_hold(peers, seen->job, key, 0);
  Claim *claim = key.len ? claim_of(peers, seen->job) : NULL;
  if (claim) renew(peers, claim, NULL, NULL);
  claim_release(claim);
  return true;
}

static size_t count_keys(const StoreReply *list, Str *out) {
  Str rest = list->value, key;
  size_t count = 0;
  for (; store_reply_next_key(&rest, &key); count++)
    if (out) out[count] = key;
  return count;
}

// Lists the answers of earlier processes. Returns false if they cannot be listed: then each message is looked up.
static bool list_before(Peers *peers) {
  char prefix[STORE_KEY_MAX];
  int len = snprintf(prefix, sizeof prefix, "answer/%.*s/", STR_FMT(peers->account));
  if (len >= (int)sizeof prefix) return false;
  StoreCall call = { .op = STORE_LIST, .key = str_make(prefix, (size_t)len) };
  peers->before = store_call_wait(peers->store, &call, NULL);
  if (!peers->before || peers->before->err.code != ERR_NONE) return false;
  size_t count = count_keys(peers->before, NULL);
  peers->before_keys = malloc((count + 1) * sizeof *peers->before_keys);
  if (!peers->before_keys) return false;
  peers->before_count = count_keys(peers->before, peers->before_keys);
  peers->before_until_us = clock_now_us() + peers->window_ms * 1000;
  return true;
}

static int compare_keys(const void *a, const void *b) {
  return str_compare(*(const Str *)a, *(const Str *)b);
}

bool peers_had_before(const Peers *peers, Str key) {
  return bsearch(&key, peers->before_keys, peers->before_count, sizeof key, compare_keys) != NULL;
}

// If the store cannot see other processes, every message is looked up and written.
void peers_keep_to_oneself(Peers *peers, Dedupe *dedupe) {
  bool sees = store_company(peers->store) != STORE_CANNOT_SEE;
  peers->dedupe = dedupe;
  atomic_store(&peers->others_us, sees && list_before(peers) ? INT64_MIN / 2 : clock_now_us());
}

void peers_look(Peers *peers) {
  if (!peers->dedupe) return;
  int64_t now_us = clock_now_us();
  atomic_store_explicit(&peers->looked_us, now_us, memory_order_relaxed);
  bool alone = store_company(peers->store) == STORE_ALONE;
  if (!alone) atomic_store(&peers->others_us, now_us);
  if (atomic_load_explicit(&peers->met, memory_order_relaxed) == !alone) return;
  if (!atomic_exchange(&peers->met, !alone) && !alone)
    peers_tell(peers->telling, tell_running, atomic_load(&peers->written_us));
}

void peers_leave(Peers *peers, int64_t until_us) {
  if (!peers->dedupe) return;
  int64_t written_us = dedupe_divide(peers->dedupe);
  if (!atomic_load(&peers->met)) peers_tell(peers->telling, NULL, atomic_load(&peers->written_us));
  bool all = peers_tell_all(peers->telling, until_us);
  // Only now: peers_look may have begun anew meanwhile.
  if (all) atomic_store(&peers->written_us, written_us);
}

PeersCompany peers_company(Peers *peers, int64_t now_us) {
  if (!peers->dedupe) return TO_SHARE;
  if (now_us - atomic_load_explicit(&peers->looked_us, memory_order_relaxed) > ALONE_US)
    peers_look(peers);
  if (atomic_load(&peers->met)) return TO_SHARE;
  int64_t others_us = atomic_load_explicit(&peers->others_us, memory_order_relaxed);
  return now_us > others_us + peers->window_ms * 1000 ? TO_ONESELF : TO_READ;
}
