// While no other process has the store open, an index of the users with kept answers saves asking the store for all
// other users.
#include "script/kept_answers.h"

#include "base/clock.h"
#include "base/log.h"
#include "engine/pack.h"
#include "script/kept_edit.h"
#include "script/kept_users.h"
#include "script/store_change.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { ALONE_US = 600 * 1000 * 1000, SHARED_US = 60 * 1000 * 1000 };

struct KeptAnswers {
  Store *store;
  int64_t patience_s;
  char prefix[96];
  Buf empty;  // the value without answers, with which every value begins
  KeptUsers *users;
  StoreChanges *changes;
  // Monotonic: the beginning of the last refresh; 0: there was none.
  atomic_int_least64_t learned_us;
  // For the thread of kept_answers_refresh:
  int64_t refresh_us;
  bool unread;  // a user could not be read
};

static void note(KeptAnswers *kept, Str openid, Str value) {
  kept_users_note(kept->users, openid, kept_answer_count(value));
}

static bool is_known_absent(KeptAnswers *kept, Str openid) {
  return store_alone_since(kept->store, atomic_load(&kept->learned_us)) &&
         kept_users_lacks(kept->users, openid);
}

static void kept_free(KeptAnswers *kept) {
  if (kept->users) kept_users_free(kept->users);
  buf_clear(&kept->empty);
  free(kept);
}

KeptAnswers *kept_answers_new(Store *store, Str account, int64_t patience_s) {
  KeptAnswers *kept = calloc(1, sizeof *kept);
  if (!kept) return NULL;
  kept->store = store;
  kept->patience_s = patience_s;
  snprintf(kept->prefix, sizeof kept->prefix, "kept/%.*s/", STR_FMT(account));
  kept_answer_begin(&kept->empty);
  kept->users = kept_users_new(!store_is_shared(store));
  if (kept->users && !kept->empty.failed)
    kept->changes = store_changes_new(store, buf_str(&kept->empty), (int64_t)KEPT_ANSWERS_S * 1000);
  if (kept->changes) return kept;
  kept_free(kept);
  return NULL;
}

void kept_answers_free(KeptAnswers *kept) {
  if (!kept) return;
  store_changes_free(kept->changes);
  kept_free(kept);
}

size_t kept_answers_count(const KeptAnswers *kept) { return kept_users_answers(kept->users); }

// ---- change -------------------------------------------------------------------------------------

typedef struct Change {
  StoreChange own;  // first
  KeptAnswers *kept;
  void (*edits)(KeptEdit *edit, Str before, Buf *after);  // of script/kept_edit.h
  KeptEdit edit;
  Buf identity;  // of its message
  Buf packed;    // of a put: the pieces, each by pack_str; of a claim: the result
  void (*done)(struct Change *change, bool worked);  // NULL: nothing more
  void (*told)(void *ctx, bool result);
  void (*claimed)(void *ctx, KeptAnswersFound found, Str packed);
  void (*ended)(void *ctx, bool worked, bool any);
  void *ctx;
} Change;

static Str openid_of(const Change *change) {
  return str_sub(buf_str(&change->own.key), strlen(change->kept->prefix), change->own.key.len);
}

static void change_free(Change *change) {
  store_change_clear(&change->own);
  buf_clear(&change->identity);
  buf_clear(&change->packed);
  free(change);
}

static void make(StoreChange *own, Str before, Buf *after) {
  Change *change = (Change *)own;
  KeptEdit *edit = &change->edit;
  edit->identity = buf_str(&change->identity);
  edit->pieces = buf_str(&change->packed);
  edit->claimed = &change->packed;
  edit->now_s = clock_unix_s();
  change->edits(edit, before, after);
  bool any = kept_answer_count(buf_str(after)) > 0;
  own->ttl_ms = any ? 0 : (int64_t)KEPT_ANSWERS_GIVEN_S * 1000;
}

static void on_end(StoreChange *own, bool worked) {
  Change *change = (Change *)own;
  Str openid = openid_of(change);
  if (worked) note(change->kept, openid, buf_str(&own->after));
  else if (!own->once)
    log_warn("an answer for %.*s could not be stored: %s", STR_FMT(openid), own->err.text);
  if (change->done) change->done(change, worked);
  else change_free(change);
}

static Change *change_new(KeptAnswers *kept, Str openid, Str identity,
                          void (*edits)(KeptEdit *, Str, Buf *)) {
  Change *change = calloc(1, sizeof *change);
  if (!change) return NULL;
  change->kept = kept;
  change->edits = edits;
  change->own.make = make;
  change->own.done = on_end;
  buf_add(&change->identity, identity);
  if (openid.len && !change->identity.failed &&
      store_change_init(kept->changes, &change->own, str_of(kept->prefix), openid))
    return change;
  change_free(change);
  return NULL;
}

static bool begin(Change *change) {
  if (!change) return false;
  store_change_begin(&change->own);
  return true;
}

static void tell(Change *change, bool worked) {
  if (change->told) change->told(change->ctx, worked);
  change_free(change);
}

// ---- changes ------------------------------------------------------------------------------------

void kept_answers_promise(KeptAnswers *kept, Str openid, Str identity) {
  Change *change = change_new(kept, openid, identity, kept_edit_promise);
  if (change) kept_users_expect(kept->users, openid);
  begin(change);
}

bool kept_answers_put(KeptAnswers *kept, Str openid, const KeptAnswersPut *put,
                      void (*done)(void *ctx, bool kept), void *ctx) {
  Change *change = change_new(kept, openid, put->identity, kept_edit_put);
  if (!change) return false;
  for (size_t i = 0; i < put->count; i++) pack_str(&change->packed, put->packed[i]);
  kept_users_expect(kept->users, openid);
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

static void ended(Change *change, bool worked) {
  change->ended(change->ctx, worked, change->edit.ended);
  change_free(change);
}

bool kept_answers_end_others_once(KeptAnswers *kept, Str openid, Str identity,
                                  void (*done)(void *ctx, bool worked, bool any), void *ctx) {
  Change *change = change_new(kept, openid, identity, kept_edit_end_others);
  if (!change) return false;
  change->own.once = true;
  change->done = ended;
  change->ended = done;
  change->ctx = ctx;
  return begin(change);
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
  change->own.once = true;
  change->done = claimed;
  change->claimed = done;
  change->ctx = ctx;
  return begin(change);
}

// ---- refresh ------------------------------------------------------------------------------------

// A user whose value is gone is not noted, and leaves the index at the end; one who has got an answer since is.
static void refresh_user(void *ctx, Str key) {
  KeptAnswers *kept = ctx;
  StoreReply *reply =
      store_call_wait(kept->store, &(StoreCall){ .op = STORE_GET, .key = key }, NULL);
  bool read = reply && reply->err.code == ERR_NONE;
  if (read && reply->ok) note(kept, str_sub(key, strlen(kept->prefix), key.len), reply->value);
  if (!read) kept->unread = true;
  store_reply_free(reply);
}

static bool refresh_all(KeptAnswers *kept) {
  bool there = true, more = true;
  Buf after;
  buf_init(&after);
  kept->unread = false;
  kept_users_begin_refresh(kept->users);
  while (more)
    there = store_list_page(kept->store, str_of(kept->prefix), &after, refresh_user, kept, &more);
  buf_clear(&after);
  if (there && !kept->unread) kept_users_end_refresh(kept->users);
  return there && !kept->unread;
}

// From time to time, and once more when the last other process has left.
void kept_answers_refresh(KeptAnswers *kept) {
  int64_t began_us = clock_now_us();
  bool alone = store_company(kept->store) == STORE_ALONE;
  bool left = alone && !store_alone_since(kept->store, atomic_load(&kept->learned_us));
  if ((!left && began_us < kept->refresh_us) || !refresh_all(kept)) return;
  atomic_store(&kept->learned_us, began_us);
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
    while (kept_answer_next(&value, &answer))
      if (!answer.given) each(ctx, openid, &answer);
    store_reply_free(reply);
  }
  buf_clear(&openids);
}
