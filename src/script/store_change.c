#include "script/store_change.h"

#include "base/mutex.h"

#include <stdatomic.h>
#include <stdlib.h>

enum {
  BUCKETS = 1 << 10,
  TRIES = 50,  // attempts while other processes write the same value
  AWAY_TRIES = 600,
  AWAY_PAUSE_MS = 1000
};

struct StoreChanges {
  Store *store;
  Str format;
  int64_t ttl_ms;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  size_t under_way;
  StoreChange *begun[BUCKETS];  // one per key
  atomic_bool closing;
};

StoreChanges *store_changes_new(Store *store, Str format, int64_t ttl_ms) {
  StoreChanges *changes = calloc(1, sizeof *changes);
  if (!changes) return NULL;
  changes->store = store;
  changes->format = format;
  changes->ttl_ms = ttl_ms;
  mutex_init_brief(&changes->mutex);
  pthread_cond_init(&changes->changed, NULL);
  return changes;
}

void store_changes_free(StoreChanges *changes) {
  if (!changes) return;
  pthread_mutex_lock(&changes->mutex);
  changes->closing = true;
  while (changes->under_way > 0) pthread_cond_wait(&changes->changed, &changes->mutex);
  pthread_mutex_unlock(&changes->mutex);
  pthread_cond_destroy(&changes->changed);
  pthread_mutex_destroy(&changes->mutex);
  free(changes);
}

bool store_change_init(StoreChanges *changes, StoreChange *change, Str prefix, Str name) {
  change->changes = changes;
  buf_add(&change->key, prefix);
  buf_add(&change->key, name);
  if (!change->key.failed && change->key.len > 0 && change->key.len <= STORE_KEY_MAX) return true;
  buf_clear(&change->key);
  return false;
}

void store_change_clear(StoreChange *change) {
  buf_clear(&change->key);
  buf_clear(&change->before);
  buf_clear(&change->after);
}

// ---- order --------------------------------------------------------------------------------------

static StoreChange **begun(StoreChanges *changes, Str key) {
  StoreChange **link = &changes->begun[str_hash(key, 0) % BUCKETS];
  while (*link && !str_eq(buf_str(&(*link)->key), key)) link = &(*link)->next;
  return link;
}

// With the mutex held. Returns whether the change begins now; otherwise it waits for a change of the same key.
static bool enter(StoreChange *change) {
  StoreChange **link = begun(change->changes, buf_str(&change->key));
  if (!*link) {
    *link = change;
    return true;
  }
  StoreChange **last = &(*link)->waiting;
  while (*last) last = &(*last)->next;
  *last = change;
  return false;
}

// With the mutex held. Returns the next change of the key, which begins now; or NULL.
static StoreChange *leave(StoreChange *change) {
  StoreChange **link = begun(change->changes, buf_str(&change->key));
  StoreChange *next = change->waiting;
  *link = change->next;
  if (!next) return NULL;
  next->waiting = next->next;
  next->next = *link;
  return *link = next;
}

// With the mutex held. Takes out the changes that wait behind `change` and are tried once. Returns the first of them,
// or NULL; `next` leads to the others.
static StoreChange *take_once(StoreChange *change) {
  StoreChange *taken = NULL, **end = &taken, **link = &change->waiting;
  while (*link) {
    StoreChange *one = *link;
    if (!one->once) {
      link = &one->next;
      continue;
    }
    *link = one->next;
    one->next = NULL;
    *end = one;
    end = &one->next;
  }
  return taken;
}

// ---- reading and writing ------------------------------------------------------------------------

static void read_value(StoreChange *change, int64_t delay_ms);

static void end_one(StoreChanges *changes) {
  pthread_mutex_lock(&changes->mutex);
  changes->under_way--;
  pthread_cond_broadcast(&changes->changed);
  pthread_mutex_unlock(&changes->mutex);
}

static void end(StoreChange *change, bool worked) {
  StoreChanges *changes = change->changes;
  pthread_mutex_lock(&changes->mutex);
  StoreChange *next = leave(change);
  pthread_mutex_unlock(&changes->mutex);
  change->done(change, worked);
  if (next) read_value(next, 0);
  end_one(changes);
}

// Ends the changes behind `change` that do not wait until the store is back.
static void fail_once(StoreChange *change, const Err *err) {
  StoreChanges *changes = change->changes;
  pthread_mutex_lock(&changes->mutex);
  StoreChange *one = take_once(change);
  pthread_mutex_unlock(&changes->mutex);
  for (StoreChange *next; one; one = next) {
    next = one->next;
    one->err = *err;
    one->done(one, false);
    end_one(changes);
  }
}

// Handles a failure of the store: tries again later.
static void fail(StoreChange *change, const Err *err) {
  change->err = *err;
  bool again = !change->once && change->away_tries++ < AWAY_TRIES && !change->changes->closing;
  if (!again) return end(change, false);
  fail_once(change, err);
  read_value(change, AWAY_PAUSE_MS);
}

static void on_written(void *ctx, StoreReply *reply) {
  StoreChange *change = ctx;
  Err err = reply->err;
  bool ok = reply->ok;
  store_reply_free(reply);
  if (err.code != ERR_NONE) return fail(change, &err);
  if (ok) return end(change, true);
  if (++change->tries < TRIES) return read_value(change, 0);
  err_set(&err, ERR_BUSY, "other processes keep changing it");
  fail(change, &err);
}

// An empty value is written with a short lifetime instead of deleted, because only a write can be conditional on the
// previous value.
static void write_value(StoreChange *change) {
  StoreChanges *changes = change->changes;
  bool empty = change->after.len == changes->format.len;
  int64_t ttl_ms = change->ttl_ms ? change->ttl_ms : changes->ttl_ms;
  StoreCall call = { .op = change->had ? STORE_SWAP : STORE_ADD,
                     .key = buf_str(&change->key),
                     .expected = buf_str(&change->before),
                     .value = buf_str(&change->after),
                     .ttl_ms = empty ? 1000 : ttl_ms };
  if (!store_call(changes->store, &call, on_written, change, NULL)) end(change, false);
}

static void on_read(void *ctx, StoreReply *reply) {
  StoreChange *change = ctx;
  Str format = change->changes->format;
  Err err = reply->err;
  buf_reset(&change->before);
  buf_reset(&change->after);
  change->had = err.code == ERR_NONE && reply->ok;
  if (change->had) buf_add(&change->before, reply->value);
  store_reply_free(reply);
  if (err.code != ERR_NONE) return fail(change, &err);
  buf_add(&change->after, format);
  change->make(change, buf_str(&change->before), &change->after);
  bool empty = change->after.len == format.len;
  if (change->before.failed || change->after.failed) return end(change, false);
  if ((empty && !change->had) || str_eq(buf_str(&change->before), buf_str(&change->after)))
    return end(change, true);
  write_value(change);
}

static void read_value(StoreChange *change, int64_t delay_ms) {
  StoreCall call = { .op = STORE_GET, .key = buf_str(&change->key), .delay_ms = delay_ms };
  if (!store_call(change->changes->store, &call, on_read, change, NULL)) end(change, false);
}

void store_change_begin(StoreChange *change) {
  StoreChanges *changes = change->changes;
  change->next = change->waiting = NULL;
  change->tries = change->away_tries = 0;
  pthread_mutex_lock(&changes->mutex);
  changes->under_way++;
  bool now = enter(change);
  pthread_mutex_unlock(&changes->mutex);
  if (now) read_value(change, 0);
}
