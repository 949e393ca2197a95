// A hash table of messages under way and answered, with a queue of the answered ones in order of their end.
#include "bot/dedupe.h"

#include "base/mutex.h"
#include "base/watched.h"
#include "codec/digest.h"

#include <pthread.h>
#include <stdlib.h>

enum { BUCKETS = 1 << 16 };

// A short answer has room behind the identity, so that most messages cost one allocation; and where the
// identity is as short as most, none once the window is full: a new entry takes the place of one that has
// just expired, which is at hand, while malloc would have to bring it to whichever thread frees it.
enum { SHORT_ANSWER = 40, SHORT_IDENTITY = 56, SPARE_MAX = 64 };

enum { MALLOC_ADDS = 16 };  // to a block

typedef struct Entry {
  struct Entry *chain;  // in its bucket
  struct Entry *newer;  // in the queue of the answered
  Job *job;             // while under way
  int64_t expires_us, answered_s;
  uint64_t hash;
  uint32_t identity_len, answer_len;
  char *answer;
  char identity[];
} Entry;

struct Dedupe {
  pthread_mutex_t mutex;
  int64_t window_us;
  uint64_t seed;
  Entry **buckets;
  Entry *oldest, *newest;
  size_t answered, bytes;
  Entry *spare;  // chained
  size_t spare_count;
};

// Eight bytes at a time over a secret start: who can send messages cannot choose their buckets.
static uint64_t hash_of(const Dedupe *dedupe, Str identity) {
  uint64_t hash = dedupe->seed ^ identity.len;
  for (size_t at = 0; at < identity.len; at += 8) {
    uint64_t word = 0;
    memcpy(&word, identity.ptr + at, identity.len - at < 8 ? identity.len - at : 8);
    hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 32;
  }
  return hash * 0xd6e8feb86659fd93u;
}

static Entry **bucket_of(Dedupe *dedupe, uint64_t hash) {
  return &dedupe->buckets[hash >> 48 & (BUCKETS - 1)];
}

static Entry *find(Dedupe *dedupe, uint64_t hash, Str identity) {
  for (Entry *entry = *bucket_of(dedupe, hash); entry; entry = entry->chain) {
    if (entry->hash == hash && str_eq(str_make(entry->identity, entry->identity_len), identity)) return entry;
  }
  return NULL;
}

static void unchain(Dedupe *dedupe, Entry *entry) {
  Entry **link = bucket_of(dedupe, entry->hash);
  while (*link != entry) link = &(*link)->chain;
  *link = entry->chain;
}

static bool is_short(const Entry *entry) { return entry->answer == entry->identity + entry->identity_len; }

// Of an entry with an answer as short as most.
static size_t short_size(size_t identity_len) {
  return sizeof(Entry) + (identity_len > SHORT_IDENTITY ? identity_len : SHORT_IDENTITY) + SHORT_ANSWER;
}

static size_t entry_size(const Entry *entry) {
  return MALLOC_ADDS + short_size(entry->identity_len) + (is_short(entry) ? 0 : entry->answer_len);
}

static void entry_free(Entry *entry) {
  if (!is_short(entry)) free(entry->answer);
  free(entry);
}

static Entry *entry_new(Dedupe *dedupe, size_t identity_len) {
  Entry *entry = identity_len <= SHORT_IDENTITY ? dedupe->spare : NULL;
  if (!entry) return malloc(short_size(identity_len));
  dedupe->spare = entry->chain;
  dedupe->spare_count--;
  return entry;
}

static void entry_put_back(Dedupe *dedupe, Entry *entry) {
  if (WATCHED || entry->identity_len > SHORT_IDENTITY || dedupe->spare_count == SPARE_MAX) {
    entry_free(entry);
    return;
  }
  if (!is_short(entry)) free(entry->answer);
  entry->chain = dedupe->spare;
  dedupe->spare = entry;
  dedupe->spare_count++;
}

static void drop_oldest(Dedupe *dedupe) {
  Entry *entry = dedupe->oldest;
  dedupe->oldest = entry->newer;
  if (!dedupe->oldest) dedupe->newest = NULL;
  dedupe->answered--;
  dedupe->bytes -= entry_size(entry);
  unchain(dedupe, entry);
  entry_put_back(dedupe, entry);
}

static void expire(Dedupe *dedupe, int64_t now_us) {
  while (dedupe->oldest && (dedupe->oldest->expires_us <= now_us || dedupe->answered > DEDUPE_ENTRIES_MAX ||
                            dedupe->bytes > DEDUPE_BYTES_MAX)) {
    drop_oldest(dedupe);
  }
}

Dedupe *dedupe_new(int64_t window_s) {
  Dedupe *dedupe = calloc(1, sizeof *dedupe);
  if (!dedupe) return NULL;
  dedupe->window_us = window_s * 1000000;
  dedupe->buckets = calloc(BUCKETS, sizeof *dedupe->buckets);
  if (!dedupe->buckets || !digest_random(&dedupe->seed, sizeof dedupe->seed)) {
    free(dedupe->buckets);
    free(dedupe);
    return NULL;
  }
  mutex_init_brief(&dedupe->mutex);
  return dedupe;
}

void dedupe_free(Dedupe *dedupe) {
  if (!dedupe) return;
  for (size_t i = 0; i < BUCKETS; i++) {
    while (dedupe->buckets[i]) {
      Entry *entry = dedupe->buckets[i];
      dedupe->buckets[i] = entry->chain;
      if (entry->job) job_release(entry->job);
      entry_free(entry);
    }
  }
  while (dedupe->spare) {
    Entry *entry = dedupe->spare;
    dedupe->spare = entry->chain;
    free(entry);
  }
  pthread_mutex_destroy(&dedupe->mutex);
  free(dedupe->buckets);
  free(dedupe);
}

static bool add(Dedupe *dedupe, uint64_t hash, Job *job) {
  Entry *entry = entry_new(dedupe, job->identity.len);
  if (!entry) return false;
  Entry **bucket = bucket_of(dedupe, hash);
  *entry = (Entry){
    .chain = *bucket, .job = job_retain(job), .hash = hash, .identity_len = (uint32_t)job->identity.len
  };
  memcpy(entry->identity, job->identity.ptr, job->identity.len);
  *bucket = entry;
  job->known = entry;
  return true;
}

static bool is_over(const Entry *entry, int64_t now_us) { return !entry->job && entry->expires_us <= now_us; }

DedupeResult dedupe_enter(Dedupe *dedupe, Job *job, int64_t now_us, Job **running, Buf *answer,
                          int64_t *answered_s) {
  uint64_t hash = hash_of(dedupe, job->identity);
  DedupeResult result = DEDUPE_NEW;
  pthread_mutex_lock(&dedupe->mutex);
  Entry *entry = find(dedupe, hash, job->identity);
  if (entry && is_over(entry, now_us)) {
    expire(dedupe, now_us);
    entry = NULL;
  }
  if (!entry) {
    if (!add(dedupe, hash, job)) result = DEDUPE_NO_MEMORY;
  } else if (entry->job) {
    *running = job_retain(entry->job);
    result = DEDUPE_RUNNING;
  } else {
    buf_add(answer, str_make(entry->answer, entry->answer_len));
    *answered_s = entry->answered_s;
    result = answer->failed ? DEDUPE_NO_MEMORY : DEDUPE_ANSWERED;
  }
  pthread_mutex_unlock(&dedupe->mutex);
  return result;
}

static void enqueue(Dedupe *dedupe, Entry *entry) {
  if (dedupe->newest) dedupe->newest->newer = entry;
  else dedupe->oldest = entry;
  dedupe->newest = entry;
  dedupe->answered++;
  dedupe->bytes += entry_size(entry);
}

static bool keep_answer(Entry *entry, Str answer) {
  entry->answer = answer.len <= SHORT_ANSWER ? entry->identity + entry->identity_len : malloc(answer.len);
  if (!entry->answer) return false;
  if (answer.len) memcpy(entry->answer, answer.ptr, answer.len);
  entry->answer_len = (uint32_t)answer.len;
  return true;
}

// Out of the table, whoever holds it; with the mutex held.
static void remove_entry(Dedupe *dedupe, Job *job, Entry *entry) {
  unchain(dedupe, entry);
  entry_put_back(dedupe, entry);
  job->known = NULL;
}

void dedupe_finish(Dedupe *dedupe, Job *job, Str answer, int64_t now_us) {
  pthread_mutex_lock(&dedupe->mutex);
  Entry *entry = job->known;
  if (entry && dedupe->window_us > 0 && keep_answer(entry, answer)) {
    entry->job = NULL;
    entry->answered_s = job->answered_s;
    entry->expires_us = now_us + dedupe->window_us;
    enqueue(dedupe, entry);
    job->known = NULL;
  } else if (entry) {
    remove_entry(dedupe, job, entry);
  }
  expire(dedupe, now_us);
  pthread_mutex_unlock(&dedupe->mutex);
  if (entry) job_release(job);
}

void dedupe_forget(Dedupe *dedupe, Job *job) {
  pthread_mutex_lock(&dedupe->mutex);
  Entry *entry = job->known;
  if (entry) remove_entry(dedupe, job, entry);
  pthread_mutex_unlock(&dedupe->mutex);
  if (entry) job_release(job);
}

size_t dedupe_count(Dedupe *dedupe) {
  pthread_mutex_lock(&dedupe->mutex);
  size_t count = dedupe->answered;
  pthread_mutex_unlock(&dedupe->mutex);
  return count;
}
