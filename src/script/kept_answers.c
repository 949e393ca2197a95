// Each change reads the user's value, and writes it if no other process has written since; changes of one user run one
// after the other. While no other process has the store open, an index of the users with kept answers saves asking the
// store for all other users.
#include "script/kept_answers.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "engine/pack.h"
#include "script/packed_reply.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum {
  BUCKETS = 1 << 10,
  TRIES = 50,  // attempts while other processes write the same value
  AWAY_TRIES = 600,
  AWAY_PAUSE_MS = 1000,
  CLAIM_S = 20,  // more than the platform's three tries take
  PAGE = 1000,   // keys listed at a time
  ALONE_US = 600 * 1000 * 1000,
  SHARED_US = 60 * 1000 * 1000
};

static const char FORMAT[] = "wemoon kept 1\n";

// ---- format -------------------------------------------------------------------------------------

void kept_answer_write(const KeptAnswer *answer, Buf *out) {
  pack_number(out, (uint64_t)(answer->promised | answer->ready << 1));
  pack_number(out, (uint64_t)answer->since_s);
  pack_number(out, (uint64_t)answer->not_before_s);
  pack_number(out, (uint64_t)answer->claimed_s);
  pack_str(out, answer->identity);
  pack_str(out, answer->claim);
  pack_str(out, answer->packed);
}

bool kept_answer_next(Str *rest, KeptAnswer *answer) {
  Str format = str_make(FORMAT, sizeof FORMAT - 1);
  uint64_t flags, since, not_before, claimed;
  if (str_starts(*rest, format)) *rest = str_sub(*rest, format.len, rest->len);
  if (!pack_take_number(rest, &flags) || !pack_take_number(rest, &since) ||
      !pack_take_number(rest, &not_before) || !pack_take_number(rest, &claimed))
    return false;
  *answer = (KeptAnswer){ .promised = flags & 1,
                          .ready = flags & 2,
                          .since_s = (int64_t)since,
                          .not_before_s = (int64_t)not_before,
                          .claimed_s = (int64_t)claimed };
  return pack_take_str(rest, &answer->identity) && pack_take_str(rest, &answer->claim) &&
         pack_take_str(rest, &answer->packed);
}

// ---- index --------------------------------------------------------------------------------------

typedef struct User {
  struct User *next;
  uint64_t hash;
  size_t count;  // answers
  bool seen;     // found by the refresh under way
  size_t len;
  char openid[];
} User;

typedef struct Change Change;

struct KeptAnswers {
  Store *store;
  int64_t patience_s;
  char prefix[96];
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  User *buckets[BUCKETS];
  size_t users, answers;
  size_t under_way;          // changes
  Change *changes[BUCKETS];  // changes that have begun, one per user
  bool whole;                // every user in the store is in the index
  atomic_bool none;          // `whole`, and there is no user: most messages check no more
  bool closing;
  int64_t refresh_us;
};

static User **find(KeptAnswers *kept, Str openid) {
  uint64_t hash = str_hash(openid, 0);
  User **link = &kept->buckets[hash % BUCKETS];
  while (*link &&
         !((*link)->hash == hash && str_eq(str_make((*link)->openid, (*link)->len), openid)))
    link = &(*link)->next;
  return link;
}

static void note_none(KeptAnswers *kept) {
  atomic_store_explicit(&kept->none, kept->whole && kept->users == 0, memory_order_release);
}

static void take_out(KeptAnswers *kept, User **link) {
  User *user = *link;
  *link = user->next;
  kept->users--;
  kept->answers -= user->count;
  note_none(kept);
  free(user);
}

static User *user_new(Str openid) {
  User *user = malloc(sizeof *user + openid.len);
  if (!user) return NULL;
  *user = (User){ .hash = str_hash(openid, 0), .len = openid.len };
  memcpy(user->openid, openid.ptr, openid.len);
  return user;
}

// With the mutex held. Without memory for a user, users are looked up in the store from now on.
static void note_locked(KeptAnswers *kept, Str openid, size_t count) {
  User **link = find(kept, openid);
  if (count == 0) {
    if (*link) take_out(kept, link);
    return;
  }
  if (!*link) {
    *link = user_new(openid);
    kept->users += *link != NULL;
    if (!*link) kept->whole = false;
  }
  note_none(kept);
  if (!*link) return;
  kept->answers += count - (*link)->count;
  (*link)->count = count;
  (*link)->seen = true;
}

static void note(KeptAnswers *kept, Str openid, Str value) {
  KeptAnswer answer;
  size_t count = 0;
  while (kept_answer_next(&value, &answer)) count++;
  pthread_mutex_lock(&kept->mutex);
  note_locked(kept, openid, count);
  pthread_mutex_unlock(&kept->mutex);
}

static bool is_known_absent(KeptAnswers *kept, Str openid) {
  if (store_company(kept->store) != STORE_ALONE) return false;
  if (atomic_load_explicit(&kept->none, memory_order_acquire)) return true;
  pthread_mutex_lock(&kept->mutex);
  bool absent = kept->whole && (kept->users == 0 || !*find(kept, openid));
  pthread_mutex_unlock(&kept->mutex);
  return absent;
}

KeptAnswers *kept_answers_new(Store *store, Str account, int64_t patience_s) {
  KeptAnswers *kept = calloc(1, sizeof *kept);
  if (!kept) return NULL;
  kept->store = store;
  kept->patience_s = patience_s;
  kept->whole = !store_is_shared(store);
  note_none(kept);
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
  for (size_t i = 0; i < BUCKETS; i++) {
    while (kept->buckets[i]) take_out(kept, &kept->buckets[i]);
  }
  pthread_cond_destroy(&kept->changed);
  pthread_mutex_destroy(&kept->mutex);
  free(kept);
}

size_t kept_answers_count(const KeptAnswers *kept) {
  KeptAnswers *table = (KeptAnswers *)kept;
  pthread_mutex_lock(&table->mutex);
  size_t count = table->answers;
  pthread_mutex_unlock(&table->mutex);
  return count;
}

// ---- change -------------------------------------------------------------------------------------

struct Change {
  Change *next;     // next in its bucket, or next in the queue of the same change
  Change *waiting;  // later changes of the same user, in order
  KeptAnswers *kept;
  // Makes the new value `after` from the value `before`; sets `found` and `packed`.
  void (*make)(Change *change, Str before, Buf *after);
  void (*done)(Change *change, bool worked);
  void *ctx;
  int tries, away_tries;
  Buf key, before, after;
  bool had;                  // there was a value
  bool adds;                 // adds the user to the index at once
  Buf identity;              // of its message
  Buf packed;                // of a put: the pieces, each by pack_str; of a claim: the result
  bool promised, own, text;  // arguments of the call
  int64_t not_before_s;
  KeptAnswersFound found;
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
                          void (*make)(Change *, Str, Buf *)) {
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
  bool empty = change->after.len == sizeof FORMAT - 1;
  StoreCall call = { .op = change->had ? STORE_SWAP : STORE_ADD,
                     .key = buf_str(&change->key),
                     .expected = buf_str(&change->before),
                     .value = buf_str(&change->after),
                     .ttl_ms = empty ? 1000 : (int64_t)KEPT_ANSWERS_S * 1000 };
  Err err = { 0 };
  if (!store_call(change->kept->store, &call, on_written, change, &err)) end(change, false);
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
  buf_add(&change->after, str_make(FORMAT, sizeof FORMAT - 1));
  change->make(change, buf_str(&change->before), &change->after);
  bool empty = change->after.len == sizeof FORMAT - 1;
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
  pthread_mutex_lock(&kept->mutex);
  kept->under_way++;
  if (change->adds && !*find(kept, openid_of(change))) note_locked(kept, openid_of(change), 1);
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

static bool is_own(const Change *change, const KeptAnswer *answer) {
  return str_eq(answer->identity, buf_str(&change->identity));
}

static bool is_claimed_by(const Change *change, const KeptAnswer *answer) {
  return answer->claim.len > 0 && str_eq(answer->claim, buf_str(&change->identity));
}

// Reads the next answer that has not expired.
static bool next(Str *rest, KeptAnswer *answer) {
  while (kept_answer_next(rest, answer)) {
    if (clock_unix_s() - answer->since_s < KEPT_ANSWERS_S) return true;
  }
  return false;
}

static void make_promise(Change *change, Str before, Buf *after) {
  KeptAnswer answer;
  bool known = false;
  while (next(&before, &answer)) {
    bool own = is_own(change, &answer);
    known = known || own;
    answer.promised = answer.promised || own;
    kept_answer_write(&answer, after);
  }
  answer = (KeptAnswer){ .identity = buf_str(&change->identity),
                         .since_s = clock_unix_s(),
                         .promised = true };
  if (!known) kept_answer_write(&answer, after);
}

void kept_answers_promise(KeptAnswers *kept, Str openid, Str identity) {
  Change *change = change_new(kept, openid, identity, make_promise);
  if (change) change->adds = true;
  begin(change);
}

// Writes the pieces of an answer. Each has its own identity: the first piece that of its message.
static void write_pieces(Change *change, bool promised, Buf *after) {
  Str rest = buf_str(&change->packed), piece;
  Buf identity;
  buf_init(&identity);
  for (int i = 1; pack_take_str(&rest, &piece); i++) {
    buf_reset(&identity);
    buf_add(&identity, buf_str(&change->identity));
    if (i > 1) buf_printf(&identity, "#%d", i);
    kept_answer_write(&(KeptAnswer){ .identity = buf_str(&identity),
                                     .since_s = clock_unix_s(),
                                     .not_before_s = change->not_before_s,
                                     .promised = promised,
                                     .ready = true,
                                     .packed = piece },
                      after);
  }
  buf_clear(&identity);
}

static void make_put(Change *change, Str before, Buf *after) {
  KeptAnswer answer;
  bool written = false;
  while (next(&before, &answer)) {
    bool own = is_own(change, &answer);
    if (!own) kept_answer_write(&answer, after);
    if (own && !written) write_pieces(change, answer.promised || change->promised, after);
    written = written || own;
  }
  if (!written) write_pieces(change, change->promised, after);
}

bool kept_answers_put(KeptAnswers *kept, Str openid, const KeptAnswersPut *put,
                      void (*done)(void *ctx, bool kept), void *ctx) {
  Change *change = change_new(kept, openid, put->identity, make_put);
  if (!change) return false;
  for (size_t i = 0; i < put->count; i++) pack_str(&change->packed, put->packed[i]);
  change->adds = true;
  change->promised = put->promised;
  change->not_before_s = put->not_before_s;
  change->done = tell;
  change->told = done;
  change->ctx = ctx;
  return begin(change);
}

static void make_given(Change *change, Str before, Buf *after) {
  KeptAnswer answer;
  while (next(&before, &answer)) {
    bool own = change->own && is_own(change, &answer);
    if (!own && !is_claimed_by(change, &answer)) kept_answer_write(&answer, after);
  }
}

void kept_answers_given(KeptAnswers *kept, Str openid, Str identity, bool own) {
  if (is_known_absent(kept, openid)) return;
  Change *change = change_new(kept, openid, identity, make_given);
  if (change) change->own = own;
  begin(change);
}

static void make_end(Change *change, Str before, Buf *after) {
  KeptAnswer answer;
  while (next(&before, &answer)) {
    if (answer.ready || !is_own(change, &answer)) kept_answer_write(&answer, after);
  }
}

void kept_answers_end(KeptAnswers *kept, Str openid, Str identity) {
  if (!is_known_absent(kept, openid)) begin(change_new(kept, openid, identity, make_end));
}

// Returns whether `answer` belongs to the change's message: as its answer, a piece of the answer, or the rest.
static bool is_part_of(const Change *change, const KeptAnswer *answer) {
  Str own = buf_str(&change->identity);
  return own.len > 0 && str_starts(answer->identity, own) &&
         (answer->identity.len == own.len || answer->identity.ptr[own.len] == '#');
}

static void make_end_others(Change *change, Str before, Buf *after) {
  KeptAnswer answer;
  while (next(&before, &answer)) {
    if (is_part_of(change, &answer)) kept_answer_write(&answer, after);
  }
}

void kept_answers_end_others(KeptAnswers *kept, Str openid, Str identity) {
  if (!is_known_absent(kept, openid)) begin(change_new(kept, openid, identity, make_end_others));
}

// ---- claims -------------------------------------------------------------------------------------

static bool is_free(const Change *change, const KeptAnswer *answer) {
  return answer->ready && (answer->claim.len == 0 || is_claimed_by(change, answer) ||
                           clock_unix_s() - answer->claimed_s > CLAIM_S);
}

// Returns how the message gets `answer`.
static KeptAnswersFound found_in(const Change *change, const KeptAnswer *answer) {
  int64_t now_s = clock_unix_s();
  if (is_own(change, answer) && answer->ready) return KEPT_ANSWERS_GIVE;
  if (answer->promised && !change->text) return KEPT_ANSWERS_NONE;
  if (answer->promised && is_free(change, answer)) return KEPT_ANSWERS_GIVE;
  if (answer->promised && !answer->ready)
    return !is_own(change, answer) && now_s - answer->since_s < change->kept->patience_s
               ? KEPT_ANSWERS_PENDING
               : KEPT_ANSWERS_NONE;
  return is_free(change, answer) && answer->not_before_s <= now_s && !answer->promised
             ? KEPT_ANSWERS_BEFORE
             : KEPT_ANSWERS_NONE;
}

// Returns the best result for the message: an answer to give comes first, then a promised one.
static KeptAnswersFound best_of(const Change *change, Str before) {
  KeptAnswer answer;
  KeptAnswersFound best = KEPT_ANSWERS_NONE;
  while (next(&before, &answer)) {
    KeptAnswersFound found = found_in(change, &answer);
    if (found == KEPT_ANSWERS_GIVE) return found;
    if (found == KEPT_ANSWERS_PENDING || best == KEPT_ANSWERS_NONE) best = found;
  }
  return best;
}

// Appends `answer` to the claimed answers if it fits, and claims it. Returns whether it did.
static bool take(Change *change, KeptAnswer *answer, bool *closed) {
  bool fits = change->found == KEPT_ANSWERS_GIVE || change->found == KEPT_ANSWERS_BEFORE;
  if (!fits || *closed || found_in(change, answer) != change->found) return false;
  if (!packed_reply_add(&change->packed, answer->packed)) {
    *closed = true;
    return false;
  }
  *closed = change->found == KEPT_ANSWERS_GIVE;
  answer->claim = buf_str(&change->identity);
  answer->claimed_s = clock_unix_s();
  return true;
}

static void make_claim(Change *change, Str before, Buf *after) {
  KeptAnswer answer;
  bool closed = false;
  change->found = best_of(change, before);
  buf_reset(&change->packed);
  while (next(&before, &answer)) {
    take(change, &answer, &closed);
    kept_answer_write(&answer, after);
  }
}

static void claimed(Change *change, bool worked) {
  change->claimed(change->ctx, worked ? change->found : KEPT_ANSWERS_NONE,
                  worked ? buf_str(&change->packed) : STR(""));
  change_free(change);
}

bool kept_answers_may_be(KeptAnswers *kept, Str openid) { return !is_known_absent(kept, openid); }

bool kept_answers_claim(KeptAnswers *kept, Str openid, Str identity, bool is_text,
                        void (*done)(void *ctx, KeptAnswersFound found, Str packed), void *ctx) {
  Change *change = change_new(kept, openid, identity, make_claim);
  if (!change) return false;
  change->text = is_text;
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

static void mark_unseen(KeptAnswers *kept) {
  pthread_mutex_lock(&kept->mutex);
  for (size_t i = 0; i < BUCKETS; i++) {
    for (User *user = kept->buckets[i]; user; user = user->next) user->seen = false;
  }
  pthread_mutex_unlock(&kept->mutex);
}

static void drop_unseen(KeptAnswers *kept) {
  pthread_mutex_lock(&kept->mutex);
  for (size_t i = 0; i < BUCKETS; i++) {
    User **link = &kept->buckets[i];
    while (*link) {
      if ((*link)->seen) link = &(*link)->next;
      else take_out(kept, link);
    }
  }
  kept->whole = true;
  note_none(kept);
  pthread_mutex_unlock(&kept->mutex);
}

void kept_answers_refresh(KeptAnswers *kept) {
  int64_t now_us = clock_now_us();
  if (now_us < kept->refresh_us) return;
  Buf after;
  buf_init(&after);
  mark_unseen(kept);
  int listed = PAGE;
  while (listed == PAGE) listed = refresh_page(kept, &after);
  buf_clear(&after);
  if (listed < 0) return;
  drop_unseen(kept);
  bool alone = store_company(kept->store) == STORE_ALONE;
  kept->refresh_us = clock_now_us() + (alone ? ALONE_US : SHARED_US);
}

// ---- list for display ---------------------------------------------------------------------------

static void list_users(KeptAnswers *kept, size_t max, Buf *openids) {
  pthread_mutex_lock(&kept->mutex);
  for (size_t i = 0; i < BUCKETS && max > 0; i++) {
    for (const User *user = kept->buckets[i]; user && max > 0; user = user->next) {
      pack_str(openids, str_make(user->openid, user->len));
      max--;
    }
  }
  pthread_mutex_unlock(&kept->mutex);
}

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
  list_users(kept, max, &openids);
  for (Str rest = buf_str(&openids); !openids.failed && pack_take_str(&rest, &openid);) {
    StoreReply *reply = read_user(kept, openid);
    Str value = reply && reply->err.code == ERR_NONE && reply->ok ? reply->value : STR("");
    while (kept_answer_next(&value, &answer)) each(ctx, openid, &answer);
    store_reply_free(reply);
  }
  buf_clear(&openids);
}
