// A list under a mutex: it is short, and empty unless the store is away.
#include "script/pending_writes.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/mutex.h"

typedef struct Unsaved {
  struct Unsaved *next;
  bool gone;
  int64_t put_s;
  size_t key_len, value_len;
  char bytes[];  // the key, then the value
} Unsaved;

struct PendingWrites {
  atomic_int holders;
  pthread_mutex_t mutex;
  Unsaved *first, **end;
  Buf taken;  // the key that pending_writes_take returned; empty: none
  bool cancelled;
};

PendingWrites *pending_writes_new(void) {
  PendingWrites *unsaved = calloc(1, sizeof *unsaved);
  if (!unsaved) return NULL;
  atomic_init(&unsaved->holders, 1);
  mutex_init_brief(&unsaved->mutex);
  buf_init(&unsaved->taken);
  unsaved->end = &unsaved->first;
  return unsaved;
}

PendingWrites *pending_writes_hold(PendingWrites *unsaved) {
  atomic_fetch_add(&unsaved->holders, 1);
  return unsaved;
}

void pending_writes_await(PendingWrites *unsaved) {
  while (atomic_load(&unsaved->holders) > 1)
    nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

void pending_writes_release(PendingWrites *unsaved) {
  if (!unsaved || atomic_fetch_sub(&unsaved->holders, 1) != 1) return;
  for (Unsaved *one; (one = unsaved->first);) {
    unsaved->first = one->next;
    free(one);
  }
  buf_clear(&unsaved->taken);
  pthread_mutex_destroy(&unsaved->mutex);
  free(unsaved);
}

static bool is_of(const Unsaved *one, Str key) {
  return str_eq(str_make(one->bytes, one->key_len), key);
}

// With the mutex held.
static Unsaved *take_out(PendingWrites *unsaved, Unsaved **link) {
  Unsaved *one = *link;
  *link = one->next;
  if (!one->next) unsaved->end = link;
  return one;
}

static bool drop(PendingWrites *unsaved, Str key) {
  Unsaved **link = &unsaved->first;
  while (*link && !is_of(*link, key)) link = &(*link)->next;
  if (!*link) return false;
  free(take_out(unsaved, link));
  return true;
}

static bool put(PendingWrites *unsaved, Str key, Str value, bool gone, int64_t put_s) {
  Unsaved *one = malloc(sizeof *one + key.len + value.len);
  if (!one) return false;
  *one = (Unsaved){ .gone = gone, .put_s = put_s, .key_len = key.len, .value_len = value.len };
  memcpy(one->bytes, key.ptr, key.len);
  if (value.len) memcpy(one->bytes + key.len, value.ptr, value.len);
  pthread_mutex_lock(&unsaved->mutex);
  drop(unsaved, key);
  bool only = unsaved->first == NULL && unsaved->taken.len == 0;
  *unsaved->end = one;
  unsaved->end = &one->next;
  pthread_mutex_unlock(&unsaved->mutex);
  return only;
}

bool pending_writes_put(PendingWrites *unsaved, Str key, Str value) {
  return put(unsaved, key, value, !value.ptr, clock_unix_s());
}

void pending_writes_put_end(PendingWrites *unsaved, Str key, Str value) {
  put(unsaved, key, value, true, clock_unix_s());
}

size_t pending_writes_count(PendingWrites *unsaved) {
  size_t count = 0;
  pthread_mutex_lock(&unsaved->mutex);
  for (const Unsaved *one = unsaved->first; one; one = one->next) count++;
  pthread_mutex_unlock(&unsaved->mutex);
  return count;
}

bool pending_writes_cancel(PendingWrites *unsaved, Str key) {
  pthread_mutex_lock(&unsaved->mutex);
  bool taken = str_eq(buf_str(&unsaved->taken), key);
  if (taken) unsaved->cancelled = true;
  bool had = drop(unsaved, key) || taken;
  pthread_mutex_unlock(&unsaved->mutex);
  return had;
}

bool pending_writes_has(PendingWrites *unsaved, Str key) {
  pthread_mutex_lock(&unsaved->mutex);
  const Unsaved *one = unsaved->first;
  while (one && !is_of(one, key)) one = one->next;
  bool has = one || str_eq(buf_str(&unsaved->taken), key);
  pthread_mutex_unlock(&unsaved->mutex);
  return has;
}

bool pending_writes_take(PendingWrites *unsaved, PendingWrite *write) {
  pthread_mutex_lock(&unsaved->mutex);
  Unsaved *one = unsaved->first ? take_out(unsaved, &unsaved->first) : NULL;
  buf_reset(&unsaved->taken);
  if (one) buf_add(&unsaved->taken, str_make(one->bytes, one->key_len));
  unsaved->cancelled = false;
  pthread_mutex_unlock(&unsaved->mutex);
  if (!one) return false;
  buf_reset(&write->key);
  buf_reset(&write->value);
  buf_add(&write->key, str_make(one->bytes, one->key_len));
  buf_add(&write->value, str_make(one->bytes + one->key_len, one->value_len));
  write->gone = one->gone;
  write->put_s = one->put_s;
  free(one);
  return true;
}

bool pending_writes_is_newest(PendingWrites *unsaved) {
  pthread_mutex_lock(&unsaved->mutex);
  bool newest = !unsaved->cancelled;
  pthread_mutex_unlock(&unsaved->mutex);
  return newest;
}

bool pending_writes_done(PendingWrites *unsaved, const PendingWrite *write, bool again) {
  pthread_mutex_lock(&unsaved->mutex);
  bool cancelled = unsaved->cancelled;
  buf_reset(&unsaved->taken);
  pthread_mutex_unlock(&unsaved->mutex);
  if (again && !cancelled)
    put(unsaved, buf_str(&write->key), buf_str(&write->value), write->gone, write->put_s);
  return !cancelled;
}
