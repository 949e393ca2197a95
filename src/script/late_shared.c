// A value is a list of identity and process, the earliest first.
#include "script/late_shared.h"

#include "base/clock.h"
#include "base/mutex.h"
#include "engine/pack.h"
#include "script/store_change.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum {
  KEPT_MS = 3600 * 1000,        // longer than an answer is under way
  AGAIN_MS = 100,               // between two looks
  ENDED_US = 15 * 1000 * 1000,  // how long the answer of an ended process counts
  PATIENCE_US = 900 * 1000 * 1000
};

static const char FORMAT[] = "wemoon late 1\n";

struct LateShared {
  LateSharedOptions options;
  char prefix[96];
  StoreChanges *changes;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  size_t awaited;
  atomic_bool closing;
};

typedef struct {
  Str identity, process;
} Place;

static bool next(Str *rest, Place *place) {
  Str format = str_make(FORMAT, sizeof FORMAT - 1);
  if (str_starts(*rest, format)) *rest = str_sub(*rest, format.len, rest->len);
  return pack_take_str(rest, &place->identity) && pack_take_str(rest, &place->process);
}

static void add(Buf *out, Str identity, Str process) {
  pack_str(out, identity);
  pack_str(out, process);
}

LateShared *late_shared_new(const LateSharedOptions *options) {
  LateShared *shared = calloc(1, sizeof *shared);
  if (!shared) return NULL;
  shared->options = *options;
  shared->changes = store_changes_new(options->store, str_make(FORMAT, sizeof FORMAT - 1), KEPT_MS);
  if (!shared->changes) {
    free(shared);
    return NULL;
  }
  snprintf(shared->prefix, sizeof shared->prefix, "late/%.*s/", STR_FMT(options->account));
  mutex_init_brief(&shared->mutex);
  pthread_cond_init(&shared->changed, NULL);
  return shared;
}

void late_shared_free(LateShared *shared) {
  if (!shared) return;
  pthread_mutex_lock(&shared->mutex);
  shared->closing = true;
  while (shared->awaited > 0) pthread_cond_wait(&shared->changed, &shared->mutex);
  pthread_mutex_unlock(&shared->mutex);
  store_changes_free(shared->changes);
  pthread_cond_destroy(&shared->changed);
  pthread_mutex_destroy(&shared->mutex);
  free(shared);
}

bool late_shared_is_needed(const LateShared *shared) {
  return store_company(shared->options.store) != STORE_ALONE;
}

// ---- change -------------------------------------------------------------------------------------

typedef struct {
  StoreChange own;  // first
  LateShared *shared;
  Buf identity;
  // Of an await:
  void (*told)(void *ctx, bool known);
  void *ctx;
  bool known;
  Buf process;  // of the answer before this one; empty: none
  int64_t began_us,
      ended_us;  // ended_us: since when that process is known to have ended; 0: it lives
} Change;

static void change_free(Change *change) {
  store_change_clear(&change->own);
  buf_clear(&change->identity);
  buf_clear(&change->process);
  free(change);
}

static void drop(StoreChange *own, bool worked) { change_free((Change *)own); }

static Change *change_new(LateShared *shared, Str openid, Str identity,
                          void (*make)(StoreChange *, Str, Buf *)) {
  Change *change = calloc(1, sizeof *change);
  if (!change) return NULL;
  change->shared = shared;
  change->own.make = make;
  change->own.done = drop;
  change->own.once = true;
  buf_add(&change->identity, identity);
  if (!change->identity.failed &&
      store_change_init(shared->changes, &change->own, str_of(shared->prefix), openid))
    return change;
  change_free(change);
  return NULL;
}

static Str own_process(const Change *change) { return keep_process(change->shared->options.keep); }

static bool is_own(const Change *change, const Place *place) {
  return str_eq(place->identity, buf_str(&change->identity));
}

static void make_entered(StoreChange *own, Str before, Buf *after) {
  Change *change = (Change *)own;
  Str process = own_process(change);
  Place place;
  bool there = false;
  while (next(&before, &place)) {
    bool its = is_own(change, &place);
    add(after, place.identity, its ? process : place.process);
    there = there || its;
  }
  if (!there) add(after, buf_str(&change->identity), process);
}

void late_shared_enter(LateShared *shared, Str openid, Str identity) {
  Change *change = change_new(shared, openid, identity, make_entered);
  if (change) store_change_begin(&change->own);
}

static void make_left(StoreChange *own, Str before, Buf *after) {
  Change *change = (Change *)own;
  Str process = own_process(change);
  Place place;
  while (next(&before, &place)) {
    if (!is_own(change, &place) || !str_eq(place.process, process))
      add(after, place.identity, place.process);
  }
}

void late_shared_leave(LateShared *shared, Str openid, Str identity) {
  Change *change = change_new(shared, openid, identity, make_left);
  if (change) change->own.once = false;  // it would hold up the others
  if (change) store_change_begin(&change->own);
}

// ---- await --------------------------------------------------------------------------------------

// Returns whether the process ended so long ago that nobody goes on with its answers.
static bool is_over(const Change *change, Str process) {
  return change->ended_us && clock_now_us() - change->ended_us > ENDED_US &&
         str_eq(process, buf_str(&change->process));
}

// Returns whether an answer before this one is under way. Those of this process may be left over.
static bool is_under_way(const Change *change, const Place *place) {
  const LateSharedOptions *options = &change->shared->options;
  if (!str_eq(place->process, own_process(change))) return !is_over(change, place->process);
  Str key = buf_str(&change->own.key);
  Str openid = str_sub(key, strlen(change->shared->prefix), key.len);
  return options->has(options->ctx, openid, place->identity);
}

// Finds the first answer that is under way before this one, and takes away those that are not.
static void make_looked(StoreChange *own, Str before, Buf *after) {
  Change *change = (Change *)own;
  Str found = { 0 }, all = before;
  Place place;
  change->known = false;
  while (next(&all, &place)) change->known = change->known || is_own(change, &place);
  for (bool passed = !change->known; next(&before, &place);) {
    passed = passed || is_own(change, &place);
    if (!passed && !is_under_way(change, &place)) continue;
    if (!passed && !found.ptr) found = place.process;
    add(after, place.identity, place.process);
  }
  if (!str_eq(found, buf_str(&change->process))) change->ended_us = 0;
  buf_reset(&change->process);
  buf_add(&change->process, found);
}

static void end_await(Change *change) {
  LateShared *shared = change->shared;
  change->told(change->ctx, change->known);
  change_free(change);
  pthread_mutex_lock(&shared->mutex);
  shared->awaited--;
  pthread_cond_broadcast(&shared->changed);
  pthread_mutex_unlock(&shared->mutex);
}

static void on_process(void *ctx, StoreReply *reply) {
  Change *change = ctx;
  bool away = reply->err.code != ERR_NONE, lives = reply->ok;
  int64_t now_us = clock_now_us();
  store_reply_free(reply);
  if (lives || str_eq(buf_str(&change->process), own_process(change))) change->ended_us = 0;
  else if (!change->ended_us) change->ended_us = now_us;
  if (away) change->known = false;
  if (away || change->shared->closing || now_us - change->began_us > PATIENCE_US)
    return end_await(change);
  store_change_begin(&change->own);
}

// Looks again a little later, when it is known whether the process before this one lives.
static void on_looked(StoreChange *own, bool worked) {
  Change *change = (Change *)own;
  Buf key;
  buf_init(&key);
  if (!worked) change->known = false;
  keep_lease_key(change->shared->options.keep, buf_str(&change->process), &key);
  StoreCall call = { .op = STORE_GET, .key = buf_str(&key), .delay_ms = AGAIN_MS };
  bool waits = worked && change->process.len > 0 && !key.failed &&
               store_call(change->shared->options.store, &call, on_process, change, NULL);
  buf_clear(&key);
  if (!waits) end_await(change);
}

bool late_shared_await(LateShared *shared, Str openid, Str identity,
                       void (*done)(void *ctx, bool known), void *ctx) {
  Change *change = change_new(shared, openid, identity, make_looked);
  if (!change) return false;
  change->own.done = on_looked;
  change->told = done;
  change->ctx = ctx;
  change->began_us = clock_now_us();
  pthread_mutex_lock(&shared->mutex);
  shared->awaited++;
  pthread_mutex_unlock(&shared->mutex);
  store_change_begin(&change->own);
  return true;
}
