// Each change reads the user's value, and writes it if no other process has written since; changes of one user run one
// after the other. While no other process has the store open, an index of the users with kept answers saves asking the
// store for all other users.
#include "script/kept_answers.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "engine/pack.h"
#include "script/kept_edit.h"
#include "script/kept_users.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum {
  BUCKETS = 1 << 10,
  TRIES = 50,  // attempts while other processes write the same value
  AWAY_TRIES = 600,
  AWAY_PAUSE_MS = 1000,
  PAGE = 1000,  // keys listed at a time
  ALONE_US = 600 * 1000 * 1000,
  SHARED_US = 60 * 1000 * 1000
};

typedef struct Change Change;

struct KeptAnswers {
  Store *store;
  int64_t patience_s;
  char prefix[96];
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  KeptUsers *users;
  size_t under_way;          // changes
  Change *changes[BUCKETS];  // changes that have begun, one per user
  bool closing;
  int64_t refresh_us;
};

static void note(KeptAnswers *kept, Str openid, Str value) {
  kept_users_note(kept->users, openid, kept_answer_count(value));
}

static bool is_known_absent(KeptAnswers *kept, Str openid) {
  if (store_company(kept->store) != STORE_ALONE) return false;
  return kept_users_lacks(kept->users, openid);
}

KeptAnswers *kept_answers_new(Store *store, Str account, int64_t patience_s) {
  KeptAnswers *kept = calloc(1, sizeof *kept);
  if (!kept) return NULL;
  kept->users = kept_users_new(!store_is_shared(store));
  if (!kept->users) {
    free(kept);
    return NULL;
  }
  kept->store = store;
  kept->patience_s = patience_s;
  snprintf(kept->prefix, sizeof kept->prefix, "kept/%.*s/", STR_FMT(account));
  mutex_init_brief(&kept->mutex);
  pthread_cond_init(&kept->changed, NULL);
  return kept;
}

void kept_answers_free(KeptAnswers *kept) {
  if (!kept) return;
  pthread_mutex_lock(&kept->mutex);
  kept->closing = true;
  while (kept->under_way > 0) pthread_cond_wait(&kept->changed, &kept->mutex);
  pthread_mutex_unlock(&kept->mutex);
  kept_users_free(kept->users);
  pthread_cond_destroy(&kept->changed);
  pthread_mutex_destroy(&kept->mutex);
  free(kept);
}

size_t kept_answers_count(const KeptAnswers *kept) { return kept_users_answers(kept->users); }

// ---- change -------------------------------------------------------------------------------------

struct Change {
  Change *next;     // next in its bucket, or next in the queue of the same change
  Change *waiting;  // later changes of the same user, in order
  KeptAnswers *kept;
  void (*make)(KeptEdit *edit, Str before, Buf *after);  // of script/kept_edit.h
  KeptEdit edit;
  void (*done)(Change *change, bool worked);
  void *ctx;
  int tries, away_tries;
  Buf key, before, after;
  bool had;      // there was a value
  bool adds;     // adds the user to the index at once
  Buf identity;  // of its message
  Buf packed;    // of a put: the pieces, each by pack_str; of a claim: the result
  void (*told)(void *ctx, bool result);
  void (*claimed)(void *ctx, KeptAnswersFound found, Str packed);
};

static Str openid_of(const Change *change) {
  return str_sub(buf_str(&change->key), strlen(change->kept->prefix), change->key.len);
}

static void change_free(Change *change) {
  Buf *const bufs[] = { &change->key, &change->before, &change->after, &change->identity,
                        &change->packed };
  for (size_t i = 0; i < sizeof bufs / sizeof *bufs; i++) buf_clear(bufs[i]);
  free(change);
}

static Change *change_new(KeptAnswers *kept, Str openid, Str identity,
                          void (*make)(KeptEdit *, Str, Buf *)) {
  Change *change = calloc(1, sizeof *change);
  if (!change) return NULL;
  change->kept = kept;
  change->make = make;
  buf_add(&change->key, str_of(kept->prefix));
  buf_add(&change->key, openid);
  buf_add(&change->identity, identity);
  if (openid.len && change->key.len <= STORE_KEY_MAX && !change->key.failed &&
      !change->identity.failed)
    return change;
  change_free(change);
  return NULL;
}

static void read_value(Change *change, int64_t delay_ms);

static Change **begun(KeptAnswers *kept, Str key) {
  Change **link = &kept->changes[str_hash(key, 0) % BUCKETS];
  while (*link && !str_eq(buf_str(&(*link)->key), key)) link = &(*link)->next;
  return link;
}

// With the mutex held. Returns whether the change begins now; otherwise it waits for a change of the same user.
static bool enter(Change *change) {
  Change **link = begun(change->kept, buf_str(&change->key));
  if (!*link) {
    *link = change;
    return true;
  }
  Change **last = &(*link)->waiting;
  while (*last) last = &(*last)->next;
  *last = change;
  return false;
}

// With the mutex held. Returns the next change of the user, which begins now; or NULL.
static Change *leave(Change *change) {
  Change **link = begun(change->kept, buf_str(&change->key));
  Change *next = change->waiting;
  *link = change->next;
  if (!next) return NULL;
  next->waiting = next->next;
  next->next = *link;
  return *link = next;
}

static void end(Change *change, bool worked) {
  KeptAnswers *kept = change->kept;
  if (worked) note(kept, openid_of(change), buf_str(&change->after));
  pthread_mutex_lock(&kept->mutex);
  Change *next = leave(change);
  pthread_mutex_unlock(&kept->mutex);
  void (*done)(Change *, bool) = change->done;
  if (done) done(change, worked);
  else change_free(change);
  if (next) read_value(next, 0);
  pthread_mutex_lock(&kept->mutex);
  kept->under_way--;
  pthread_cond_broadcast(&kept->changed);
  pthread_mutex_unlock(&kept->mutex);
}

static bool is_closing(KeptAnswers *kept) {
  pthread_mutex_lock(&kept->mutex);
  bool closing = kept->closing;
  pthread_mutex_unlock(&kept->mutex);
  return closing;
}

// Handles a failure of the store: tries again later. Claims are not tried again.
static void fail(Change *change, const Err *err) {
  if (change->away_tries++ < AWAY_TRIES && !is_closing(change->kept))
    return read_value(change, AWAY_PAUSE_MS);
  log_warn("an answer that is kept for %.*s could not be written: %s", STR_FMT(openid_of(change)),
           err->text);
  end(change, false);
}

static void on_written(void *ctx, StoreReply *reply) {
  Change *change = ctx;
  Err err = reply->err;
  bool ok = reply->ok;
  store_reply_free(reply);
  if (err.code != ERR_NONE) return fail(change, &err);
  if (ok) return end(change, true);
  if (++change->tries < TRIES) return read_value(change, 0);
  err_set(&err, ERR_BUSY, "others keep writing it");
  fail(change, &err);
}

// An empty value is written with a short lifetime instead of deleted, because only a write can be conditional on the
// previous value.
static void write_value(Change *change) {
  bool empty = kept_answer_count(buf_str(&change->after)) == 0;
  StoreCall call = { .op = change->had ? STORE_SWAP : STORE_ADD,
                     .key = buf_str(&change->key),
                     .expected = buf_str(&change->before),
                     .value = buf_str(&change->after),
                     .ttl_ms = empty ? 1000 : (int64_t)KEPT_ANSWERS_S * 1000 };
  Err err = { 0 };
  if (!store_call(change->kept->store, &call, on_written, change, &err)) end(change, false);
}

// Makes the new value `after` from the value `before`.
static void make(Change *change) {
  KeptEdit *edit = &change->edit;
  edit->identity = buf_str(&change->identity);
  edit->pieces = buf_str(&change->packed);
  edit->claimed = &change->packed;
  edit->now_s = clock_unix_s();
  kept_answer_begin(&change->after);
  change->make(edit, buf_str(&change->before), &change->after);
}

static void on_read(void *ctx, StoreReply *reply) {
  Change *change = ctx;
  Err err = reply->err;
  buf_reset(&change->before);
  buf_reset(&change->after);
  change->had = err.code == ERR_NONE && reply->ok;
  if (change->had) buf_add(&change->before, reply->value);
  store_reply_free(reply);
  if (err.code != ERR_NONE) return fail(change, &err);
  make(change);
  bool empty = kept_answer_count(buf_str(&change->after)) == 0;
  if (change->before.failed || change->after.failed) return end(change, false);
  if ((empty && !change->had) || str_eq(buf_str(&change->before), buf_str(&change->after)))
    return end(change, true);
  write_value(change);
}

static void read_value(Change *change, int64_t delay_ms) {
  StoreCall call = { .op = STORE_GET, .key = buf_str(&change->key), .delay_ms = delay_ms };
  if (!store_call(change->kept->store, &call, on_read, change, NULL)) end(change, false);
}

static bool begin(Change *change) {
  if (!change) return false;
  KeptAnswers *kept = change->kept;
  if (change->adds) kept_users_expect(kept->users, openid_of(change));
  pthread_mutex_lock(&kept->mutex);
  kept->under_way++;
  bool now = enter(change);
  pthread_mutex_unlock(&kept->mutex);
  if (now) read_value(change, 0);
  return true;
}

static void tell(Change *change, bool worked) {
  if (change->told) change->told(change->ctx, worked);
  change_free(change);
}

// ---- changes ------------------------------------------------------------------------------------

void kept_answers_promise(KeptAnswers *kept, Str openid, Str identity) {
  Change *change = change_new(kept, openid, identity, kept_edit_promise);
  if (change) change->adds = true;
  begin(change);
}

bool kept_answers_put(KeptAnswers *kept, Str openid, const KeptAnswersPut *put,
                      void (*done)(void *ctx, bool kept), void *ctx) {
  Change *change = change_new(kept, openid, put->identity, kept_edit_put);
  if (!change) return false;
  for (size_t i = 0; i < put->count; i++) pack_str(&change->packed, put->packed[i]);
  change->adds = true;
  change->edit.promised = put->promised;
  change->edit.not_before_s = put->not_before_s;
  change->done = tell;
  change->told = done;
  change->ctx = ctx;
  return begin(change);
}

void kept_answers_given(KeptAnswers *kept, Str openid, Str identity, bool own) {
  if (is_known_absent(kept, openid)) return;
  Change *change = change_new(kept, openid, identity, kept_edit_given);
  if (change) change->edit.own = own;
  begin(change);
}

void kept_answers_end(KeptAnswers *kept, Str openid, Str identity) {
  if (!is_known_absent(kept, openid)) begin(change_new(kept, openid, identity, kept_edit_end));
}

void kept_answers_end_others(KeptAnswers *kept, Str openid, Str identity) {
  if (!is_known_absent(kept, openid))
    begin(change_new(kept, openid, identity, kept_edit_end_others));
}

static void claimed(Change *change, bool worked) {
  change->claimed(change->ctx, worked ? change->edit.found : KEPT_ANSWERS_NONE,
                  worked ? buf_str(&change->packed) : STR(""));
  change_free(change);
}

bool kept_answers_may_be(KeptAnswers *kept, Str openid) { return !is_known_absent(kept, openid); }

bool kept_answers_claim(KeptAnswers *kept, Str openid, Str identity, bool is_text,
                        void (*done)(void *ctx, KeptAnswersFound found, Str packed), void *ctx) {
  Change *change = change_new(kept, openid, identity, kept_edit_claim);
  if (!change) return false;
  change->edit.is_text = is_text;
  change->edit.patience_s = kept->patience_s;
  change->away_tries = AWAY_TRIES;
  change->done = claimed;
  change->claimed = done;
  change->ctx = ctx;
  return begin(change);
}

// ---- refresh ------------------------------------------------------------------------------------

static void refresh_user(KeptAnswers *kept, Str key) {
  StoreReply *reply =
      store_call_wait(kept->store, &(StoreCall){ .op = STORE_GET, .key = key }, NULL);
  if (reply && reply->err.code == ERR_NONE)
    note(kept, str_sub(key, strlen(kept->prefix), key.len), reply->ok ? reply->value : STR(""));
  store_reply_free(reply);
}

// Reads one page of keys; `after` gets its last key. Returns their number, or -1 if the store is away.
static int refresh_page(KeptAnswers *kept, Buf *after) {
  StoreCall call = { .op = STORE_LIST,
                     .key = str_of(kept->prefix),
                     .after = buf_str(after),
                     .limit = PAGE,
                     .patience_ms = 10000 };
  StoreReply *reply = store_call_wait(kept->store, &call, NULL);
  int listed = reply && reply->err.code == ERR_NONE ? 0 : -1;
  Str rest = listed == 0 ? reply->value : STR(""), key, last = { 0 };
  for (; listed >= 0 && store_reply_next_key(&rest, &key); listed++) {
    refresh_user(kept, key);
    last = key;
  }
  buf_reset(after);
  buf_add(after, last);
  store_reply_free(reply);
  return listed;
}

void kept_answers_refresh(KeptAnswers *kept) {
  int64_t now_us = clock_now_us();
  if (now_us < kept->refresh_us) return;
  Buf after;
  buf_init(&after);
  kept_users_begin_refresh(kept->users);
  int listed = PAGE;
  while (listed == PAGE) listed = refresh_page(kept, &after);
  buf_clear(&after);
  if (listed < 0) return;
  kept_users_end_refresh(kept->users);
  bool alone = store_company(kept->store) == STORE_ALONE;
  kept->refresh_us = clock_now_us() + (alone ? ALONE_US : SHARED_US);
}

// ---- list for display ---------------------------------------------------------------------------

static StoreReply *read_user(KeptAnswers *kept, Str openid) {
  Buf key;
  buf_init(&key);
  buf_add(&key, str_of(kept->prefix));
  buf_add(&key, openid);
  StoreCall call = { .op = STORE_GET, .key = buf_str(&key) };
  StoreReply *reply = key.failed ? NULL : store_call_wait(kept->store, &call, NULL);
  buf_clear(&key);
  return reply;
}

void kept_answers_list(KeptAnswers *kept, size_t max,
                       void (*each)(void *ctx, Str openid, const KeptAnswer *answer), void *ctx) {
  Buf openids;
  Str openid;
  KeptAnswer answer;
  buf_init(&openids);
  kept_users_list(kept->users, max, &openids);
  for (Str rest = buf_str(&openids); !openids.failed && pack_take_str(&rest, &openid);) {
    StoreReply *reply = read_user(kept, openid);
    Str value = reply && reply->err.code == ERR_NONE && reply->ok ? reply->value : STR("");
    while (kept_answer_next(&value, &answer)) each(ctx, openid, &answer);
    store_reply_free(reply);
  }
  buf_clear(&openids);
}
