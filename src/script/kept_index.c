#include "script/kept_index.h"

#include "base/clock.h"
#include "base/mutex.h"
#include "engine/pack.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum {
  BUCKETS = 1 << 16,
  MANY = 20000,    // conversations; with more, a search covers only a part
  LOOK_MS = 1000,  // until the next check of the same entry
  SLICE = 64,      // buckets that a search looks at before it lets other threads in
};

typedef struct Entry {
  struct Entry *next;
  int64_t look_ms;  // Unix; INT64_MAX: never
  uint32_t hash;
  uint8_t state;
  bool owed, events;
  uint16_t len;
  char key[];
} Entry;

// A search goes round the buckets, and rests until an entry can be due.
typedef struct {
  size_t at;        // the bucket where it goes on
  int64_t next_ms;  // no entry is due before; Unix
  int64_t
      passed_ms;  // the same for what it has passed in this round, and for what changed meanwhile
} Search;

enum { SEARCH_UNREAD, SEARCH_DUE, SEARCHES };

struct KeptIndex {
  const char *owed_prefix;
  pthread_mutex_t mutex;
  Entry *buckets[BUCKETS];
  atomic_size_t conversations, owed;
  Search searches[SEARCHES];
};

static uint32_t hash_of(Str key) { return (uint32_t)str_hash(key, 0); }

static Str entry_key(const Entry *entry) { return str_make(entry->key, entry->len); }

static bool is_owed_key(const KeptIndex *index, Str key) {
  return str_starts(key, str_of(index->owed_prefix));
}

// Returns what the keys of runs that are looked at together have in common: of owed runs their user.
static Str group_of(const KeptIndex *index, Str key) {
  Str user, identity;
  if (!is_owed_key(index, key)) return key;
  str_cut(str_sub(key, strlen(index->owed_prefix), key.len), '/', &user, &identity);
  return user;
}

// Those runs are in one bucket.
static Entry **bucket_of(KeptIndex *index, Str key) {
  return &index->buckets[hash_of(group_of(index, key)) % BUCKETS];
}

static Entry **find(KeptIndex *index, Str key) {
  uint32_t hash = hash_of(key);
  Entry **link = bucket_of(index, key);
  while (*link && !((*link)->hash == hash && str_eq(entry_key(*link), key))) link = &(*link)->next;
  return link;
}

static void count(KeptIndex *index, const Entry *entry, size_t by) {
  if (!is_owed_key(index, entry_key(entry))) atomic_fetch_add(&index->conversations, by);
  if (entry->owed) atomic_fetch_add(&index->owed, by);
}

// Returns the search that looks for such an entry; NULL: none.
static Search *search_for(KeptIndex *index, const Entry *entry) {
  bool unread = entry->state == ENTRY_UNREAD;
  if (unread && !is_owed_key(index, entry_key(entry))) return &index->searches[SEARCH_UNREAD];
  bool waits = unread || entry->state == ENTRY_ASKS || entry->state == ENTRY_OTHER;
  return waits ? &index->searches[SEARCH_DUE] : NULL;
}

static int64_t earlier(int64_t a, int64_t b) { return a < b ? a : b; }

// Notes when an entry that has changed is due.
static void expect(KeptIndex *index, const Entry *entry) {
  Search *search = search_for(index, entry);
  if (!search) return;
  search->next_ms = earlier(search->next_ms, entry->look_ms);
  search->passed_ms = earlier(search->passed_ms, entry->look_ms);
}

// With the mutex held; NULL without memory.
static Entry *put(KeptIndex *index, Str key) {
  Entry **link = find(index, key);
  if (*link || key.len > UINT16_MAX) return *link;
  Entry *entry = malloc(sizeof *entry + key.len);
  if (!entry) return NULL;
  *entry = (Entry){ .hash = hash_of(key),
                    .state = ENTRY_UNREAD,
                    .owed = is_owed_key(index, key),
                    .len = (uint16_t)key.len };
  memcpy(entry->key, key.ptr, key.len);
  count(index, entry, 1);
  return *link = entry;
}

static void take_out(KeptIndex *index, Entry **link) {
  Entry *entry = *link;
  *link = entry->next;
  count(index, entry, (size_t)-1);
  free(entry);
}

KeptIndex *kept_index_new(const char *owed_prefix) {
  KeptIndex *index = calloc(1, sizeof *index);
  if (!index) return NULL;
  index->owed_prefix = owed_prefix;
  for (size_t i = 0; i < SEARCHES; i++)
    index->searches[i] = (Search){ .next_ms = INT64_MAX, .passed_ms = INT64_MAX };
  mutex_init_brief(&index->mutex);
  return index;
}

void kept_index_free(KeptIndex *index) {
  if (!index) return;
  for (size_t i = 0; i < BUCKETS; i++) {
    while (index->buckets[i]) take_out(index, &index->buckets[i]);
  }
  pthread_mutex_destroy(&index->mutex);
  free(index);
}

void kept_index_add(KeptIndex *index, Str key) {
  pthread_mutex_lock(&index->mutex);
  const Entry *entry = put(index, key);
  if (entry) expect(index, entry);
  pthread_mutex_unlock(&index->mutex);
}

void kept_index_forget(KeptIndex *index, Str key) {
  pthread_mutex_lock(&index->mutex);
  Entry **link = find(index, key);
  if (*link) take_out(index, link);
  pthread_mutex_unlock(&index->mutex);
}

void kept_index_note(KeptIndex *index, Str key, EntryNote note) {
  pthread_mutex_lock(&index->mutex);
  Entry *entry = put(index, key);
  if (entry && !(entry->state == ENTRY_HELD && note.state == ENTRY_ASKS)) {
    if (entry->owed != note.owed) atomic_fetch_add(&index->owed, note.owed ? 1 : (size_t)-1);
    entry->owed = note.owed;
    entry->state = (uint8_t)note.state;
    entry->look_ms = note.look_ms;
    expect(index, entry);
  }
  pthread_mutex_unlock(&index->mutex);
}

void kept_index_hold(KeptIndex *index, Str key, bool events) {
  pthread_mutex_lock(&index->mutex);
  Entry *entry = put(index, key);
  if (entry) {
    entry->state = ENTRY_HELD;
    entry->events = events;
    entry->look_ms = INT64_MAX;
  }
  pthread_mutex_unlock(&index->mutex);
}

void kept_index_let_go(KeptIndex *index, Str key, int64_t look_ms) {
  pthread_mutex_lock(&index->mutex);
  Entry *entry = *find(index, key);
  if (entry && entry->state == ENTRY_HELD) {
    entry->state = ENTRY_ASKS;
    entry->look_ms = look_ms;
    expect(index, entry);
  }
  pthread_mutex_unlock(&index->mutex);
}

bool kept_index_has(KeptIndex *index, Str key) {
  pthread_mutex_lock(&index->mutex);
  bool has = *find(index, key);
  pthread_mutex_unlock(&index->mutex);
  return has;
}

bool kept_index_is_held(KeptIndex *index, Str key, bool *events) {
  pthread_mutex_lock(&index->mutex);
  const Entry *entry = *find(index, key);
  bool held = entry && entry->state == ENTRY_HELD;
  if (held) *events = entry->events;
  pthread_mutex_unlock(&index->mutex);
  return held;
}

// Goes on to the next bucket. After a round it is known when the next entry is due.
static void go_on(Search *search) {
  search->at = (search->at + 1) % BUCKETS;
  if (search->at > 0) return;
  search->next_ms = search->passed_ms;
  search->passed_ms = INT64_MAX;
}

// Returns an entry of the search's bucket that is due; NULL: none.
static Entry *due_in_bucket(KeptIndex *index, Search *search, int64_t now_ms) {
  for (Entry *entry = index->buckets[search->at]; entry; entry = entry->next) {
    if (search_for(index, entry) != search) continue;
    if (entry->look_ms <= now_ms) return entry;
    search->passed_ms = earlier(search->passed_ms, entry->look_ms);
  }
  return NULL;
}

// Looks at one slice of buckets. Returns whether it found an entry.
static bool next_in_slice(KeptIndex *index, Search *search, int64_t now_ms, Buf *key) {
  pthread_mutex_lock(&index->mutex);
  for (size_t i = 0; i < SLICE && key->len == 0 && search->next_ms <= now_ms; i++) {
    Entry *entry = due_in_bucket(index, search, now_ms);
    if (!entry) {
      go_on(search);
      continue;
    }
    buf_add(key, entry_key(entry));
    entry->look_ms = now_ms + LOOK_MS;
    expect(index, entry);
  }
  pthread_mutex_unlock(&index->mutex);
  return key->len > 0;
}

static bool rests(KeptIndex *index, const Search *search, int64_t now_ms) {
  pthread_mutex_lock(&index->mutex);
  bool resting = search->next_ms > now_ms;
  pthread_mutex_unlock(&index->mutex);
  return resting;
}

static bool next_entry(KeptIndex *index, Search *search, Buf *key) {
  int64_t now_ms = clock_unix_ms();
  size_t most = kept_index_conversations(index) > MANY ? BUCKETS / 20 : BUCKETS;
  buf_reset(key);
  for (size_t i = 0; i < most && !rests(index, search, now_ms); i += SLICE) {
    if (next_in_slice(index, search, now_ms, key)) return true;
  }
  return false;
}

bool kept_index_next_unread(KeptIndex *index, Buf *key) {
  return next_entry(index, &index->searches[SEARCH_UNREAD], key);
}

bool kept_index_next_due(KeptIndex *index, Buf *key) {
  return next_entry(index, &index->searches[SEARCH_DUE], key);
}

bool kept_index_due_rests(KeptIndex *index) {
  return rests(index, &index->searches[SEARCH_DUE], clock_unix_ms());
}

void kept_index_list_beside(KeptIndex *index, Str key, Buf *keys) {
  Str group = group_of(index, key);
  bool owed = is_owed_key(index, key);
  pthread_mutex_lock(&index->mutex);
  for (const Entry *entry = *bucket_of(index, key); entry; entry = entry->next) {
    Str other = entry_key(entry);
    if (is_owed_key(index, other) == owed && str_eq(group_of(index, other), group) &&
        search_for(index, entry))
      pack_str(keys, other);
  }
  pthread_mutex_unlock(&index->mutex);
}

// Copies the keys of one bucket that have `prefix`, so that `fn` can be called without the mutex.
static void copy_keys(KeptIndex *index, size_t bucket, Str prefix, Buf *keys) {
  pthread_mutex_lock(&index->mutex);
  for (const Entry *entry = index->buckets[bucket]; entry; entry = entry->next) {
    if (!str_starts(entry_key(entry), prefix)) continue;
    buf_add(keys, entry_key(entry));
    buf_addc(keys, '\0');
  }
  pthread_mutex_unlock(&index->mutex);
}

void kept_index_each(KeptIndex *index, Str prefix, void (*fn)(void *ctx, Str key), void *ctx) {
  Buf keys;
  buf_init(&keys);
  for (size_t i = 0; i < BUCKETS; i++) {
    buf_reset(&keys);
    copy_keys(index, i, prefix, &keys);
    Str rest = buf_str(&keys), key;
    while (rest.len && str_cut(rest, '\0', &key, &rest)) fn(ctx, key);
  }
  buf_clear(&keys);
}

void kept_index_list(KeptIndex *index, bool owed, size_t max, Buf *keys) {
  pthread_mutex_lock(&index->mutex);
  for (size_t i = 0; i < BUCKETS && max > 0; i++) {
    for (const Entry *entry = index->buckets[i]; entry && max > 0; entry = entry->next) {
      if (owed ? !entry->owed : is_owed_key(index, entry_key(entry))) continue;
      pack_str(keys, entry_key(entry));
      max--;
    }
  }
  pthread_mutex_unlock(&index->mutex);
}

size_t kept_index_conversations(const KeptIndex *index) {
  return atomic_load_explicit(&((KeptIndex *)index)->conversations, memory_order_relaxed);
}

size_t kept_index_owed(const KeptIndex *index) {
  return atomic_load_explicit(&((KeptIndex *)index)->owed, memory_order_relaxed);
}
