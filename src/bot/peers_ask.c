// Questions to the store: who has a message, and how often the platform has tried it.
#include "bot/peers_inner.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

enum {
  TRIES_MS = 60000,      // the platform's tries end long before
  ASKS_US = 900 * 1000,  // limit for a question of several calls
  TRIED_S = 3,           // a message of that age may be another try of the platform
  // How long such a message waits for a store that is away, and for what others tell it then; between two looks
  SETTLE_US = 3500 * 1000,
  SETTLE_PAUSE_US = 250 * 1000
};

typedef enum {
  ASK_SETTLE,     // reads the value until the store has what others did while it was away
  ASK_ADD,        // adds the claim
  ASK_LOOK,       // reads the value that is there instead
  ASK_ADD_AGAIN,  // the value had lapsed: adds the claim again
  ASK_READ,       // reads an answer, when no other process can be answering
  ASK_FOLLOW      // reads the result of another process's claim
} AskStep;

// A question under way, of one call or several.
typedef struct {
  Peers *peers;
  Job *job;
  AskStep step;
  int64_t delay_us;  // of the next call
  int64_t until_us;  // limit for the answer
  int64_t settle_until_us;
  int64_t asked_us;  // monotonic: start of the call under way
  PeersTold told;
  void *ctx;
} Asking;

static void on_reply(void *ctx, StoreReply *reply);

static bool ask(Asking *asking) {
  char key[STORE_KEY_MAX];
  Peers *peers = asking->peers;
  bool adds = asking->step == ASK_ADD || asking->step == ASK_ADD_AGAIN;
  asking->asked_us = clock_now_us() + asking->delay_us;
  int64_t left_ms = (asking->until_us - asking->asked_us) / 1000;
  StoreCall call = { .op = adds ? STORE_ADD : STORE_GET,
                     .key = peers_key(peers, asking->job->identity, key),
                     .patience_ms = left_ms,
                     .delay_ms = asking->delay_us / 1000 };
  asking->delay_us = 0;
  if (adds) call.value = str_of(peers->claim);
  if (adds) call.ttl_ms = PEERS_CLAIM_MS;
  return left_ms > 0 && store_call(peers->store, &call, on_reply, asking, NULL);
}

static bool ask_next(Asking *asking, AskStep step) {
  asking->step = step;
  return ask(asking);
}

static void end_asking(Asking *asking) {
  Peers *peers = asking->peers;
  job_release(asking->job);
  free(asking);
  atomic_fetch_sub(&peers->asking, 1);
}

static PeersResult result_of(const Asking *asking, PeersFound found) {
  if (found == FOUND_ANSWER) return PEERS_ANSWERED;
  // No other process can be answering the message, so a claim belongs to a process that has died.
  if (asking->step == ASK_READ) return PEERS_MINE;
  if (asking->step == ASK_FOLLOW)
    return found == FOUND_NOTHING || found == FOUND_OWN ? PEERS_MINE : PEERS_RUNNING;
  return found == FOUND_CLAIM ? PEERS_RUNNING : PEERS_MINE;
}

// A claim that was found, because the reply to its ADD was lost, may be about to lapse; where nothing was found, the
// ADD could not be sent. The next call confirms either.
static int64_t held_until_us(const Asking *asking, PeersFound found) {
  bool read = asking->step == ASK_SETTLE || asking->step == ASK_LOOK;
  bool doubt = found == FOUND_NOTHING || (read && found == FOUND_OWN);
  return doubt ? 0 : asking->asked_us + PEERS_LAPSES_US;
}

static void hold(Asking *asking, PeersFound found) {
  char text[STORE_KEY_MAX];
  Str key = peers_key(asking->peers, asking->job->identity, text);
  int64_t until_us = held_until_us(asking, found);
  if (found == FOUND_NOBODY_TO_ASK) peers_hold(asking->peers, asking->job, key, until_us);
  else peers_hold_anew(asking->peers, asking->job, key, until_us);
}

static void tell_found(Asking *asking, PeersFound found, Str packed, int64_t answered_s) {
  PeersResult result = result_of(asking, found);
  bool claims = asking->step <= ASK_ADD_AGAIN;
  if (claims && result == PEERS_MINE) hold(asking, found);
  asking->told(asking->ctx, result, packed, answered_s);
  end_asking(asking);
}

// Without this the claim of a process that has died, until it lapses, would keep this process from the message once
// there are others again.
static bool is_of_dead(Asking *asking, const StoreReply *reply, PeersFound found) {
  char key[STORE_KEY_MAX];
  bool is = asking->step == ASK_READ && found == FOUND_CLAIM && str_starts(reply->value, STR("R"));
  if (is)
    store_call(asking->peers->store,
               &(StoreCall){ .op = STORE_RELEASE,
                             .key = peers_key(asking->peers, asking->job->identity, key),
                             .value = reply->value },
               store_reply_drop, NULL, NULL);
  return is;
}

static int64_t min_of(int64_t a, int64_t b) { return a < b ? a : b; }

// The last look ends a pause after settle_until_us, so that the claim has its time too.
static bool settle(Asking *asking) {
  asking->step = ASK_SETTLE;
  asking->delay_us = SETTLE_PAUSE_US;
  asking->until_us = min_of(clock_now_us() + ASKS_US, asking->settle_until_us) + SETTLE_PAUSE_US;
  return ask(asking);
}

static bool must_settle(Peers *peers, const Job *job) {
  bool may_be_tried = job->created_s > 0 && clock_unix_s() - job->created_s >= TRIED_S;
  return may_be_tried && store_settles_ms(peers->store) > 0;
}

// Another process may have had the message while the store was away, and tells it so only now.
static bool settle_more(Asking *asking, PeersFound found) {
  int64_t now_us = clock_now_us();
  bool unknown = asking->step <= ASK_ADD && found == FOUND_NOBODY_TO_ASK;
  if (!unknown && !(asking->step == ASK_SETTLE && found == FOUND_NOTHING)) return false;
  if (now_us < asking->settle_until_us && must_settle(asking->peers, asking->job))
    return settle(asking);
  asking->until_us = min_of(now_us, asking->settle_until_us) + ASKS_US;
  return found == FOUND_NOTHING && ask_next(asking, ASK_ADD);
}

// On the store's thread. An error means that the store is away, which the store logs.
static void on_reply(void *ctx, StoreReply *reply) {
  Asking *asking = ctx;
  AskStep step = asking->step;
  bool adds = step == ASK_ADD || step == ASK_ADD_AGAIN;
  bool failed = reply->err.code != ERR_NONE;
  int64_t answered_s = 0;
  Buf packed;
  buf_init(&packed);
  PeersFound found = failed ? FOUND_NOBODY_TO_ASK
                     : adds ? (reply->ok ? FOUND_OWN : FOUND_CLAIM)
                     : !reply->ok
                         ? FOUND_NOTHING
                         : peers_read_value(asking->peers, reply->value, &packed, &answered_s);
  bool of_dead = is_of_dead(asking, reply, found);
  store_reply_free(reply);
  if (failed) peers_note_away(asking->peers);
  bool goes_on = settle_more(asking, found) || (of_dead && ask_next(asking, ASK_ADD)) ||
                 (step == ASK_ADD && found == FOUND_CLAIM && ask_next(asking, ASK_LOOK)) ||
                 (step == ASK_LOOK && found == FOUND_NOTHING && ask_next(asking, ASK_ADD_AGAIN));
  if (!goes_on) tell_found(asking, found, buf_str(&packed), answered_s);
  buf_clear(&packed);
}

static bool begin(Peers *peers, Job *job, AskStep step, PeersTold told, void *ctx) {
  bool settles = step == ASK_ADD && must_settle(peers, job);
  Asking *asking = peers_is_away(peers) && !settles ? NULL : malloc(sizeof *asking);
  int64_t now_us = clock_now_us();
  if (!asking) return false;
  *asking = (Asking){ .peers = peers,
                      .job = job_retain(job),
                      .step = step,
                      .until_us = now_us + ASKS_US,
                      .settle_until_us = now_us + SETTLE_US,
                      .told = told,
                      .ctx = ctx };
  atomic_fetch_add(&peers->asking, 1);
  if (settles ? settle(asking) : ask(asking)) return true;
  end_asking(asking);
  return false;
}

bool peers_is_alone(Peers *peers, const Job *job) {
  // The message came just now, and that is known without reading the clock.
  int64_t now_us = job->started_us;
  bool after_others = now_us < peers->before_until_us && peers->before_count > 0;
  return !after_others && peers_company(peers, now_us) == TO_ONESELF;
}

bool peers_claim(Peers *peers, Job *job, PeersTold told, void *ctx) {
  char text[STORE_KEY_MAX];
  peers_drop_lost(peers, job);
  PeersCompany with = peers_company(peers, job->started_us);
  Str key = peers_key(peers, job->identity, text);
  if (key.len == 0 || (with == TO_ONESELF && !peers_had_before(peers, key))) return false;
  if (begin(peers, job, with == TO_SHARE ? ASK_ADD : ASK_READ, told, ctx)) return true;
  if (with == TO_SHARE) peers_hold(peers, job, key, clock_now_us() + PEERS_LAPSES_US);
  return false;
}

bool peers_ask(Peers *peers, Job *job, PeersTold told, void *ctx) {
  return begin(peers, job, ASK_FOLLOW, told, ctx);
}

// A count under way.
typedef struct {
  Peers *peers;
  Job *job;
} Count;

static void on_counted(void *ctx, StoreReply *reply) {
  Count count = *(Count *)ctx;
  int before = atomic_load(&count.job->tries);
  int tries = reply->err.code == ERR_NONE ? (int)reply->number + 1 : 0;
  while (tries > before && !atomic_compare_exchange_weak(&count.job->tries, &before, tries)) {
  }
  free(ctx);
  job_release(count.job);
  store_reply_free(reply);
  atomic_fetch_sub(&count.peers->asking, 1);
}

void peers_count_try(Peers *peers, Job *job) {
  char key[STORE_KEY_MAX];
  int len =
      snprintf(key, sizeof key, "tries/%.*s/%.*s", STR_FMT(peers->account), STR_FMT(job->identity));
  Count *count = len < (int)sizeof key && !peers_is_away(peers) ? malloc(sizeof *count) : NULL;
  if (!count) return;
  *count = (Count){ .peers = peers, .job = job_retain(job) };
  StoreCall call = {
    .op = STORE_INCR, .key = str_make(key, (size_t)len), .by = 1, .ttl_ms = TRIES_MS
  };
  atomic_fetch_add(&peers->asking, 1);
  if (store_call(peers->store, &call, on_counted, count, NULL)) return;
  atomic_fetch_sub(&peers->asking, 1);
  job_release(job);
  free(count);
}
