// The store in memory: a growing hash table. It ends with the process.
#include "store/backend.h"
#include "base/clock.h"
#include <stdio.h>
#include <stdlib.h>

typedef struct Entry {
  struct Entry *next;
  uint64_t hash;
  int64_t expires_us;  // monotonic; 0: never
  char *value;         // allocated apart, so that a new value does not move the key
  size_t value_len, key_len;
  char key[];
} Entry;

typedef struct {
  Entry **slots;
  size_t slot_count, count;  // slot_count is a power of two
  int64_t now_us;
  int64_t tidy_us;  // when expired keys are dropped next
} Memory;

enum { TIDY_US = 10 * 1000 * 1000 };

// Without a secret seed: keys come from the account's own script, not from strangers who could choose
// collisions.
static uint64_t hash_of(Str key) { return str_hash(key, 0); }

static void entry_free(Entry *entry) {
  free(entry->value);
  free(entry);
}

static Entry **slot_of(Memory *memory, uint64_t hash) {
  return &memory->slots[hash & (memory->slot_count - 1)];
}

static void unlink_entry(Memory *memory, Entry **at) {
  Entry *entry = *at;
  *at = entry->next;
  memory->count--;
  entry_free(entry);
}

// The link to the unexpired entry of `key`, or NULL if there is none.
static Entry **find(Memory *memory, Str key) {
  uint64_t hash = hash_of(key);
  for (Entry **at = slot_of(memory, hash); *at; at = &(*at)->next) {
    Entry *entry = *at;
    if (entry->hash != hash || !str_eq(str_make(entry->key, entry->key_len), key)) continue;
    if (entry->expires_us == 0 || entry->expires_us > memory->now_us) return at;
    unlink_entry(memory, at);
    return NULL;
  }
  return NULL;
}

// Doubles the slots; without memory the chains get longer instead.
static void grow(Memory *memory) {
  Entry **slots = calloc(memory->slot_count * 2, sizeof(*slots));
  if (!slots) return;
  size_t old_count = memory->slot_count;
  Entry **old = memory->slots;
  memory->slots = slots;
  memory->slot_count *= 2;
  for (size_t i = 0; i < old_count; i++) {
    for (Entry *entry = old[i], *next; entry; entry = next) {
      next = entry->next;
      Entry **slot = slot_of(memory, entry->hash);
      entry->next = *slot;
      *slot = entry;
    }
  }
  free(old);
}

static Entry *insert(Memory *memory, Str key) {
  if (memory->count >= memory->slot_count) grow(memory);
  Entry *entry = calloc(1, sizeof(*entry) + key.len);
  if (!entry) return NULL;
  memcpy(entry->key, key.ptr, key.len);
  entry->key_len = key.len;
  entry->hash = hash_of(key);
  Entry **slot = slot_of(memory, entry->hash);
  entry->next = *slot;
  *slot = entry;
  memory->count++;
  return entry;
}

static Str value_of(Entry **at) {
  return at ? str_make((*at)->value, (*at)->value_len) : (Str){ 0 };
}

// Sets `value`, with the job's expiry unless `keep_expiry`.
static void set(Memory *memory, StoreJob *job, Entry **at, Str value, bool keep_expiry) {
  char *copy = malloc(value.len ? value.len : 1);
  Entry *entry = !copy ? NULL : at ? *at : insert(memory, job->key);
  if (!entry) {
    free(copy);
    job->reply.ok = false;
    err_set(&job->reply.err, ERR_MEMORY, "store: no memory for a value of %zu bytes", value.len);
    return;
  }
  if (value.len) memcpy(copy, value.ptr, value.len);
  free(entry->value);
  entry->value = copy;
  entry->value_len = value.len;
  if (!keep_expiry)
    entry->expires_us = job->call.ttl_ms ? memory->now_us + job->call.ttl_ms * 1000 : 0;
  job->reply.ok = true;
}

static void incr(Memory *memory, StoreJob *job, Entry **at) {
  char text[24];
  if (!store_job_sum(job, at ? value_of(at) : STR("0"))) return;
  int len = snprintf(text, sizeof(text), "%lld", (long long)job->reply.number);
  set(memory, job, at, str_make(text, (size_t)len), at != NULL);
}

// The wall-clock time at which an entry expires; 0: never.
static int64_t expiry_of(const Memory *memory, const Entry *entry) {
  if (entry->expires_us == 0) return 0;
  return clock_unix_ms() + (entry->expires_us - memory->now_us) / 1000;
}

static void list(Memory *memory, StoreJob *job) {
  bool room = true;
  for (size_t i = 0; room && i < memory->slot_count; i++) {
    for (const Entry *entry = memory->slots[i]; room && entry; entry = entry->next) {
      Str key = str_make(entry->key, entry->key_len);
      bool alive = entry->expires_us == 0 || entry->expires_us > memory->now_us;
      if (alive && str_starts(key, job->key)) room = store_job_key(job, job->key, key);
    }
  }
}

static void run_one(Memory *memory, StoreJob *job) {
  const StoreCall *call = &job->call;
  Entry **at = call->op == STORE_LIST ? NULL : find(memory, job->key);
  switch (call->op) {
    case STORE_LIST: list(memory, job); break;
    case STORE_GET:
      if (at) store_job_value(job, value_of(at));
      if (at) job->reply.expires_ms = expiry_of(memory, *at);
      break;
    case STORE_SET: set(memory, job, at, call->value, false); break;
    case STORE_ADD:
      if (!at) set(memory, job, at, call->value, false);
      break;
    case STORE_INCR: incr(memory, job, at); break;
    case STORE_DELETE:
      job->reply.ok = at != NULL;
      if (at) unlink_entry(memory, at);
      break;
    case STORE_SWAP:
      if (at && str_eq(value_of(at), call->expected)) set(memory, job, at, call->value, false);
      break;
    case STORE_LEASE:
      if (!at || str_eq(value_of(at), call->value)) set(memory, job, at, call->value, false);
      break;
    case STORE_RELEASE:
      job->reply.ok = at && str_eq(value_of(at), call->value);
      if (job->reply.ok) unlink_entry(memory, at);
      break;
  }
}

static void memory_run(void *self, StoreJob *first) {
  Memory *memory = self;
  memory->now_us = clock_now_us();
  for (StoreJob *job = first; job; job = job->next) run_one(memory, job);
}

static bool memory_tick(void *self, Err *err) {
  Memory *memory = self;
  int64_t now = clock_now_us();
  if (now < memory->tidy_us) return true;
  memory->tidy_us = now + TIDY_US;
  for (size_t i = 0; i < memory->slot_count; i++) {
    for (Entry **at = &memory->slots[i]; *at;) {
      if ((*at)->expires_us && (*at)->expires_us <= now) unlink_entry(memory, at);
      else at = &(*at)->next;
    }
  }
  return true;
}

static void memory_close(void *self) {
  Memory *memory = self;
  for (size_t i = 0; i < memory->slot_count; i++) {
    while (memory->slots[i]) unlink_entry(memory, &memory->slots[i]);
  }
  free(memory->slots);
  free(memory);
}

static bool memory_check(Str url, Err *err) {
  if (str_eq(url, STR("memory:"))) return true;
  return err_set(err, ERR_USAGE, "memory: takes nothing after the colon");
}

static void *memory_open(const StoreOptions *options, const StorePrefixes *prefixes, Err *err) {
  Memory *memory = calloc(1, sizeof(*memory));
  if (memory) {
    memory->slot_count = 1024;
    memory->slots = calloc(memory->slot_count, sizeof(*memory->slots));
    if (memory->slots) return memory;
  }
  free(memory);
  err_set(err, ERR_MEMORY, "store: no memory");
  return NULL;
}

static const char *const forms[] = { "memory:", NULL };

const StoreBackend store_memory = {
  .name = "memory",
  .page = 100000,
  .forms = forms,
  .check = memory_check,
  .open = memory_open,
  .run = memory_run,
  .tick = memory_tick,
  .close = memory_close,
};
