// An index of messages under way and answered, and a queue of the answered messages in the order in which they ended.
#include "bot/dedupe.h"

#include "base/index.h"
#include "base/log.h"
#include "base/mutex.h"
#include "codec/digest.h"

#include <pthread.h>
#include <stdlib.h>

// The identity and answer of most messages fit into their entry; longer ones are allocated. Once the window is full, a
// new message takes the entry of a message that has just expired.
enum { ROOM = 88, TELL_EVERY_US = 60 * 1000 * 1000 };

typedef struct {
  Job *job;  // while under way
  int64_t expires_us, answered_s;
  char *long_identity, *long_answer;  // NULL: in `room`, the answer after the identity
  uint32_t hash;
  uint32_t newer;  // next in the queue of answered messages; of a spare entry: the next spare entry
  uint32_t identity_len, answer_len;
  int tries;
  char room[ROOM];
} Entry;

// What went before its time.
typedef struct {
  size_t answers, messages;
} Dropped;

struct Dedupe {
  pthread_mutex_t mutex;
  int64_t window_us;
  uint64_t seed;
  Index index;
  Entry *entries;  // moves when it grows
  uint32_t capacity, used, spare;
  uint32_t oldest, newest;
  size_t answered;
  // Of the queue's entries the first `emptied` have lost long answers; `fullest` is the next one. The others' take
  // `bytes`.
  size_t emptied, bytes;
  uint32_t fullest;
  Dropped untold;   // since the log told of such
  int64_t told_us;  // 0: it never did
};

// Hashes with a secret seed, so that senders cannot cause collisions.
static uint32_t hash_of(const Dedupe *dedupe, Str identity) {
  return (uint32_t)str_hash(identity, dedupe->seed);
}

static uint32_t number_of(const Dedupe *dedupe, const Entry *entry) {
  return (uint32_t)(entry - dedupe->entries);
}

static Str identity_of(const Entry *entry) {
  return str_make(entry->long_identity ? entry->long_identity : entry->room, entry->identity_len);
}

static char *room_for_answer(Entry *entry) {
  return entry->room + (entry->long_identity ? 0 : entry->identity_len);
}

static Str answer_of(Entry *entry) {
  return str_make(entry->long_answer ? entry->long_answer : room_for_answer(entry),
                  entry->answer_len);
}

static size_t long_bytes(const Entry *entry) { return entry->long_answer ? entry->answer_len : 0; }

static Entry *find(Dedupe *dedupe, uint32_t hash, Str identity) {
  uint32_t number;
  for (uint32_t at = hash; (number = index_next(&dedupe->index, hash, &at)) != INDEX_NONE;) {
    if (str_eq(identity_of(&dedupe->entries[number]), identity)) return &dedupe->entries[number];
  }
  return NULL;
}

static bool grow(Dedupe *dedupe) {
  uint32_t capacity = dedupe->capacity ? dedupe->capacity * 2 : 256;
  Entry *entries = realloc(dedupe->entries, capacity * sizeof *entries);
  if (!entries) return false;
  dedupe->entries = entries;
  dedupe->capacity = capacity;
  return true;
}

// Returns an unused entry; INDEX_NONE without memory.
static uint32_t take_entry(Dedupe *dedupe) {
  uint32_t number = dedupe->spare;
  if (number != INDEX_NONE) dedupe->spare = dedupe->entries[number].newer;
  else if (dedupe->used < dedupe->capacity || grow(dedupe)) number = dedupe->used++;
  return number;
}

static void put_back(Dedupe *dedupe, Entry *entry) {
  free(entry->long_identity);
  free(entry->long_answer);
  entry->job = NULL;
  entry->long_identity = entry->long_answer = NULL;
  entry->newer = dedupe->spare;
  dedupe->spare = number_of(dedupe, entry);
}

// Removes the entry from the index and frees it.
static void remove_entry(Dedupe *dedupe, Entry *entry) {
  index_remove(&dedupe->index, entry->hash, number_of(dedupe, entry));
  put_back(dedupe, entry);
}

static void drop_oldest(Dedupe *dedupe) {
  Entry *entry = &dedupe->entries[dedupe->oldest];
  dedupe->oldest = entry->newer;
  dedupe->answered--;
  if (dedupe->emptied > 0) dedupe->emptied--;
  else dedupe->fullest = entry->newer;
  dedupe->bytes -= long_bytes(entry);
  remove_entry(dedupe, entry);
}

static void expire(Dedupe *dedupe, int64_t now_us) {
  while (dedupe->answered > 0 && dedupe->entries[dedupe->oldest].expires_us <= now_us)
    drop_oldest(dedupe);
  for (; dedupe->answered > DEDUPE_ANSWERED_MAX; dedupe->untold.messages++) drop_oldest(dedupe);
}

// ---- answers that go before their identities ----------------------------------------------------

static void empty_next(Dedupe *dedupe) {
  Entry *entry = &dedupe->entries[dedupe->fullest];
  dedupe->fullest = entry->newer;
  dedupe->emptied++;
  if (!entry->long_answer) return;
  dedupe->bytes -= entry->answer_len;
  dedupe->untold.answers++;
  free(entry->long_answer);
  entry->long_answer = NULL;
  entry->answer_len = 0;
}

// Short answers take no memory of their own, and stay.
static void drop_long_answers(Dedupe *dedupe) {
  while (dedupe->bytes > DEDUPE_ANSWERS_MAX) empty_next(dedupe);
}

// Returns what the log is to tell of: once a window, or once a minute if that is shorter.
static Dropped begin_telling(Dedupe *dedupe, int64_t now_us) {
  Dropped untold = dedupe->untold;
  bool any = untold.answers > 0 || untold.messages > 0;
  int64_t every_us = dedupe->window_us < TELL_EVERY_US ? dedupe->window_us : TELL_EVERY_US;
  bool told_lately = dedupe->told_us && now_us - dedupe->told_us < every_us;
  if (!any || told_lately) return (Dropped){ 0 };
  dedupe->untold = (Dropped){ 0 };
  dedupe->told_us = now_us;
  return untold;
}

static void tell(const Dedupe *dedupe, Dropped dropped) {
  LogSubject before = log_about((LogSubject){ 0 });
  long long window_s = dedupe->window_us / 1000000;
  if (dropped.answers > 0)
    log_warn("answers are dropped before dedup_window_s (%lld s) is over, because their room "
             "(%d MB) is full: a duplicate of such a message gets `success` (%zu answers since the "
             "last such line)",
             window_s, DEDUPE_ANSWERS_MAX >> 20, dropped.answers);
  if (dropped.messages > 0)
    log_warn("messages are forgotten before dedup_window_s (%lld s) is over, because there are "
             "more than %d: a duplicate of such a message is run again (%zu messages since the "
             "last such line)",
             window_s, DEDUPE_ANSWERED_MAX, dropped.messages);
  log_about(before);
}

Dedupe *dedupe_new(int64_t window_s) {
  Dedupe *dedupe = calloc(1, sizeof *dedupe);
  if (!dedupe) return NULL;
  dedupe->window_us = window_s * 1000000;
  dedupe->spare = INDEX_NONE;
  if (!digest_random(&dedupe->seed, sizeof dedupe->seed)) {
    free(dedupe);
    return NULL;
  }
  mutex_init_brief(&dedupe->mutex);
  return dedupe;
}

void dedupe_free(Dedupe *dedupe) {
  if (!dedupe) return;
  for (uint32_t i = 0; i < dedupe->used; i++) {
    Entry *entry = &dedupe->entries[i];
    if (entry->job) job_release(entry->job);
    free(entry->long_identity);
    free(entry->long_answer);
  }
  free(dedupe->entries);
  index_clear(&dedupe->index);
  pthread_mutex_destroy(&dedupe->mutex);
  free(dedupe);
}

static bool keep_identity(Entry *entry, Str identity) {
  char *to = identity.len <= ROOM ? entry->room : (entry->long_identity = malloc(identity.len));
  if (!to) return false;
  if (identity.len) memcpy(to, identity.ptr, identity.len);
  entry->identity_len = (uint32_t)identity.len;
  return true;
}

static bool keep_answer(Entry *entry, Str answer) {
  char *to = room_for_answer(entry);
  if (answer.len > (size_t)(entry->room + ROOM - to)) to = entry->long_answer = malloc(answer.len);
  if (!to) return false;
  if (answer.len) memcpy(to, answer.ptr, answer.len);
  entry->answer_len = (uint32_t)answer.len;
  return true;
}

static bool add(Dedupe *dedupe, uint32_t hash, Job *job) {
  uint32_t number = take_entry(dedupe);
  if (number == INDEX_NONE) return false;
  Entry *entry = &dedupe->entries[number];
  *entry = (Entry){ .hash = hash, .tries = 1 };
  if (!keep_identity(entry, job->identity) || !index_add(&dedupe->index, hash, number)) {
    put_back(dedupe, entry);
    return false;
  }
  entry->job = job_retain(job);
  job->known = number + 1;
  return true;
}

static bool is_over(const Entry *entry, int64_t now_us) {
  return !entry->job && entry->expires_us <= now_us;
}

DedupeResult dedupe_enter(Dedupe *dedupe, Job *job, int64_t now_us, Job **running, Buf *answer,
                          int64_t *answered_s) {
  uint32_t hash = hash_of(dedupe, job->identity);
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
    buf_add(answer, answer_of(entry));
    *answered_s = entry->answered_s;
    result = answer->failed ? DEDUPE_NO_MEMORY : DEDUPE_ANSWERED;
  }
  job->attempt = entry ? ++entry->tries : 1;
  pthread_mutex_unlock(&dedupe->mutex);
  return result;
}

static void enqueue(Dedupe *dedupe, Entry *entry) {
  uint32_t number = number_of(dedupe, entry);
  if (dedupe->answered > 0) dedupe->entries[dedupe->newest].newer = number;
  else dedupe->oldest = number;
  if (dedupe->emptied == dedupe->answered) dedupe->fullest = number;
  dedupe->newest = number;
  dedupe->answered++;
  dedupe->bytes += long_bytes(entry);
}

// Detaches the job from its entry and returns the entry; NULL if it had none. With the mutex held.
static Entry *part(Dedupe *dedupe, Job *job) {
  Entry *entry = job->known ? &dedupe->entries[job->known - 1] : NULL;
  job->known = 0;
  return entry;
}

// Returns a time not before the newest entry's, even if two threads read the clock and took the mutex in different
// orders.
static int64_t expiry(const Dedupe *dedupe, int64_t now_us) {
  int64_t newest_us = dedupe->answered > 0 ? dedupe->entries[dedupe->newest].expires_us : 0;
  return now_us + dedupe->window_us > newest_us ? now_us + dedupe->window_us : newest_us;
}

void dedupe_finish(Dedupe *dedupe, Job *job, Str answer, int64_t now_us) {
  pthread_mutex_lock(&dedupe->mutex);
  Entry *entry = part(dedupe, job);
  if (entry && dedupe->window_us > 0) {
    dedupe->untold.answers += !keep_answer(entry, answer);
    entry->job = NULL;
    entry->answered_s = job->answered_s;
    entry->expires_us = expiry(dedupe, now_us);
    enqueue(dedupe, entry);
  } else if (entry) {
    remove_entry(dedupe, entry);
  }
  expire(dedupe, now_us);
  drop_long_answers(dedupe);
  Dropped dropped = begin_telling(dedupe, now_us);
  pthread_mutex_unlock(&dedupe->mutex);
  if (dropped.answers > 0 || dropped.messages > 0) tell(dedupe, dropped);
  if (entry) job_release(job);
}

void dedupe_forget(Dedupe *dedupe, Job *job) {
  pthread_mutex_lock(&dedupe->mutex);
  Entry *entry = part(dedupe, job);
  if (entry) remove_entry(dedupe, entry);
  pthread_mutex_unlock(&dedupe->mutex);
  if (entry) job_release(job);
}

static void each_running(Dedupe *dedupe, void (*visit)(void *ctx, const DedupeSeen *seen),
                         void *ctx) {
  for (uint32_t i = 0; i < dedupe->used; i++) {
    Entry *entry = &dedupe->entries[i];
    if (entry->job) visit(ctx, &(DedupeSeen){ .job = entry->job, .identity = identity_of(entry) });
  }
}

static void each_answered(Dedupe *dedupe, void (*visit)(void *ctx, const DedupeSeen *seen),
                          void *ctx) {
  uint32_t number = dedupe->oldest;
  for (size_t i = 0; i < dedupe->answered; i++) {
    Entry *entry = &dedupe->entries[number];
    visit(ctx, &(DedupeSeen){ .identity = identity_of(entry),
                              .answer = answer_of(entry),
                              .answered_s = entry->answered_s,
                              .expires_us = entry->expires_us });
    number = entry->newer;
  }
}

void dedupe_each(Dedupe *dedupe, int64_t now_us, void (*visit)(void *ctx, const DedupeSeen *seen),
                 void *ctx) {
  pthread_mutex_lock(&dedupe->mutex);
  expire(dedupe, now_us);
  each_running(dedupe, visit, ctx);
  each_answered(dedupe, visit, ctx);
  pthread_mutex_unlock(&dedupe->mutex);
}

size_t dedupe_count(Dedupe *dedupe) {
  pthread_mutex_lock(&dedupe->mutex);
  size_t count = dedupe->answered;
  pthread_mutex_unlock(&dedupe->mutex);
  return count;
}
