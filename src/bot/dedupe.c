// An index of messages under way and answered, and a queue of the answered messages in the order in which they ended.
// The oldest leave it for a set of digests when there are too many.
#include "bot/dedupe.h"

#include "base/index.h"
#include "base/log.h"
#include "base/mutex.h"
#include "bot/dedupe_entries.h"
#include "bot/digest_set.h"
#include "codec/digest.h"

#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum {
  TELL_EVERY_US = 60 * 1000 * 1000,
  FEWEST_LEFT = 8192,    // entries whose memory is not given back
  STEP = 64,             // how many messages may expire, and become compact, when one finishes
  SWEEP_STEP = 128,      // and while a sweep holds the mutex
  SWEEP_STEPS = 8,       // of one sweep
  PARTS = 16,            // of the index, so that none takes long to grow or to shrink
  MOVE_STEP = 256,       // entries that a sweep moves while it holds the mutex
  MOVE_STEPS = 8,        // of one sweep
  PAUSE_NS = 50 * 1000,  // between two steps, for those who want the mutex
  TRIM_LEAST = 1 << 20   // bytes that have become free
};

// What went before its time.
typedef struct {
  size_t answers, messages;
} Dropped;

struct Dedupe {
  pthread_mutex_t mutex;
  int64_t window_us;
  uint64_t seed;
  Index index[PARTS];
  Entries entries;
  uint32_t fewer;  // entries, down to which their room is being brought; 0: it is not
  uint32_t oldest, newest;
  size_t answered;
  int64_t divided_us;  // dedupe_divide returned it last
  // Of the queue's entries the first `emptied` have lost long answers; `fullest` is the next one. The others' take
  // `bytes`.
  size_t emptied, bytes;
  uint32_t fullest;
  uint32_t shown_next;  // by dedupe_show_answered; INDEX_NONE: no entry
  DigestSet *compact;   // NULL: none yet. All of them expire before the entries of the queue
  size_t most_bytes;    // since memory was given back
  Dropped untold;       // since the log told of such
  int64_t told_us;      // 0: it never did
};

// Hashes with a secret seed, so that senders cannot cause collisions.
static uint32_t hash_of(const Dedupe *dedupe, Str identity) {
  return (uint32_t)str_hash(identity, dedupe->seed);
}

// By bits of the hash that give no place in it.
static Index *index_of(Dedupe *dedupe, uint32_t hash) {
  return &dedupe->index[hash / (UINT32_MAX / PARTS + 1)];
}

// Returns the number of the message's entry; INDEX_NONE: there is none.
static uint32_t find(Dedupe *dedupe, uint32_t hash, Str identity) {
  const Index *index = index_of(dedupe, hash);
  uint32_t number;
  for (uint32_t at = hash; (number = index_next(index, hash, &at)) != INDEX_NONE;)
    if (str_eq(entry_identity(entries_at(&dedupe->entries, number)), identity)) break;
  return number;
}

// Removes the entry from the index, if it is there, and frees it.
static void remove_entry(Dedupe *dedupe, Entry *entry, uint32_t number) {
  if (entry->tries != ENTRY_OVER) index_remove(index_of(dedupe, entry->hash), entry->hash, number);
  entries_put_back(&dedupe->entries, entry, number);
}

static void drop_oldest(Dedupe *dedupe) {
  uint32_t number = dedupe->oldest;
  Entry *entry = entries_at(&dedupe->entries, number);
  if (dedupe->shown_next == number) dedupe->shown_next = INDEX_NONE;
  dedupe->oldest = entry->newer;
  dedupe->answered--;
  if (dedupe->emptied > 0) dedupe->emptied--;
  else dedupe->fullest = entry->newer;
  dedupe->bytes -= entry_long_bytes(entry);
  remove_entry(dedupe, entry, number);
}

static bool has_expired(const Dedupe *dedupe, int64_t now_us) {
  return dedupe->answered > 0 && entries_at(&dedupe->entries, dedupe->oldest)->expires_us <= now_us;
}

static void expire(Dedupe *dedupe, int64_t now_us, size_t most) {
  for (; most > 0 && has_expired(dedupe, now_us); most--) drop_oldest(dedupe);
}

// ---- messages that become compact -----------------------------------------------------------------

static bool keep_compact(Dedupe *dedupe, const Entry *entry) {
  if (!dedupe->compact) dedupe->compact = digest_set_new();
  return dedupe->compact &&
         digest_set_add(dedupe->compact, entry_identity(entry), entry->tries, entry->expires_us);
}

static void compact_oldest(Dedupe *dedupe) {
  const Entry *entry = entries_at(&dedupe->entries, dedupe->oldest);
  if (keep_compact(dedupe, entry)) dedupe->untold.answers += entry->answer_len > 0;
  else dedupe->untold.messages++;
  drop_oldest(dedupe);
}

static bool are_too_many(const Dedupe *dedupe, int64_t now_us) {
  if (dedupe->answered <= DEDUPE_WHOLE) return false;
  int64_t answered_us =
      entries_at(&dedupe->entries, dedupe->oldest)->expires_us - dedupe->window_us;
  return dedupe->answered > DEDUPE_WHOLE_MAX || now_us - answered_us >= DEDUPE_WHOLE_S * 1000000;
}

static void compact(Dedupe *dedupe, int64_t now_us, size_t most) {
  if (dedupe->compact) digest_set_expire(dedupe->compact, now_us, most);
  for (; most > 0 && are_too_many(dedupe, now_us); most--) {
    if (has_expired(dedupe, now_us)) drop_oldest(dedupe);
    else compact_oldest(dedupe);
  }
}

// ---- answers that go before their identities ----------------------------------------------------

static void empty_next(Dedupe *dedupe) {
  Entry *entry = entries_at(&dedupe->entries, dedupe->fullest);
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
  if (dropped.answers == 0 && dropped.messages == 0) return;
  LogSubject before = log_about((LogSubject){ 0 });
  long long window_s = dedupe->window_us / 1000000;
  if (dropped.answers > 0)
    log_warn("answers are dropped before dedup_window_s (%lld s) is over, because there are more "
             "than %d messages, or more than %d MB of answers: a duplicate of such a message gets "
             "`success` (%zu answers since the last such line)",
             window_s, DEDUPE_WHOLE, DEDUPE_ANSWERS_MAX >> 20, dropped.answers);
  if (dropped.messages > 0)
    log_warn("messages are forgotten before dedup_window_s (%lld s) is over, because there is "
             "no memory: a duplicate of such a message is run again (%zu messages since the last "
             "such line)",
             window_s, dropped.messages);
  log_about(before);
}

Dedupe *dedupe_new(int64_t window_s) {
  Dedupe *dedupe = calloc(1, sizeof *dedupe);
  if (!dedupe) return NULL;
  dedupe->window_us = window_s * 1000000;
  entries_init(&dedupe->entries);
  dedupe->shown_next = INDEX_NONE;
  if (!digest_random(&dedupe->seed, sizeof dedupe->seed)) {
    free(dedupe);
    return NULL;
  }
  // Now and then it is held for up to a millisecond, however many messages are known. A waiting thread sleeps then.
  mutex_init_brief(&dedupe->mutex);
  return dedupe;
}

void dedupe_free(Dedupe *dedupe) {
  if (!dedupe) return;
  for (uint32_t i = 0; i < dedupe->entries.used; i++) {
    Job *job = entries_at(&dedupe->entries, i)->job;
    if (job) job_release(job);
  }
  entries_clear(&dedupe->entries);
  for (size_t i = 0; i < PARTS; i++) index_clear(&dedupe->index[i]);
  digest_set_free(dedupe->compact);
  pthread_mutex_destroy(&dedupe->mutex);
  free(dedupe);
}

static bool add(Dedupe *dedupe, uint32_t hash, Job *job) {
  uint32_t number = entries_take(&dedupe->entries);
  if (number == INDEX_NONE) return false;
  Entry *entry = entries_at(&dedupe->entries, number);
  entry->job = NULL;
  entry->long_identity = entry->long_answer = NULL;
  entry->hash = hash;
  entry->answer_len = 0;
  entry->tries = 1;
  if (!entry_keep_identity(entry, job->identity) ||
      !index_add(index_of(dedupe, hash), hash, number)) {
    entries_put_back(&dedupe->entries, entry, number);
    return false;
  }
  entry->job = job_retain(job);
  job->known = number + 1;
  return true;
}

static bool is_over(const Entry *entry, int64_t now_us) {
  return !entry->job && entry->expires_us <= now_us;
}

// Returns the message's entry unless it has expired. An expired one leaves the index alone: it stays in the queue,
// until those before it have left that in steps.
static Entry *find_known(Dedupe *dedupe, uint32_t hash, Str identity, int64_t now_us) {
  uint32_t number = find(dedupe, hash, identity);
  if (number == INDEX_NONE) return NULL;
  Entry *entry = entries_at(&dedupe->entries, number);
  if (!is_over(entry, now_us)) return entry;
  index_remove(index_of(dedupe, hash), hash, number);
  entry->tries = ENTRY_OVER;
  return NULL;
}

// Counts `by` tries more of a message that is known compact. Returns which one it is; 0: it is not known so; below 0
// without memory.
static int try_compact(Dedupe *dedupe, Str identity, int by, int64_t now_us) {
  return dedupe->compact ? digest_set_try(dedupe->compact, identity, by, now_us) : 0;
}

DedupeResult dedupe_enter(Dedupe *dedupe, Job *job, int64_t now_us, Job **running, Buf *answer,
                          int64_t *answered_s) {
  uint32_t hash = hash_of(dedupe, job->identity);
  DedupeResult result = DEDUPE_NEW;
  pthread_mutex_lock(&dedupe->mutex);
  Entry *entry = find_known(dedupe, hash, job->identity, now_us);
  int tries = entry ? ++entry->tries : try_compact(dedupe, job->identity, 1, now_us);
  if (tries < 0) {
    result = DEDUPE_NO_MEMORY;
  } else if (!entry && tries > 0) {
    *answered_s = 0;
    result = DEDUPE_ANSWERED;
  } else if (!entry) {
    tries = 1;
    if (!add(dedupe, hash, job)) result = DEDUPE_NO_MEMORY;
  } else if (entry->job) {
    *running = job_retain(entry->job);
    result = DEDUPE_RUNNING;
  } else {
    buf_add(answer, entry_answer(entry));
    *answered_s = entry->answered_s;
    result = answer->failed ? DEDUPE_NO_MEMORY : DEDUPE_ANSWERED;
  }
  job->attempt = tries;
  pthread_mutex_unlock(&dedupe->mutex);
  return result;
}

static void enqueue(Dedupe *dedupe, Entry *entry, uint32_t number) {
  entry->older = dedupe->newest;
  if (dedupe->answered > 0) entries_at(&dedupe->entries, dedupe->newest)->newer = number;
  else dedupe->oldest = number;
  if (dedupe->emptied == dedupe->answered) dedupe->fullest = number;
  dedupe->newest = number;
  dedupe->answered++;
  dedupe->bytes += entry_long_bytes(entry);
}

// Detaches the job from its entry and returns the entry's number; INDEX_NONE if it had none. With the mutex held.
static uint32_t part(Job *job) {
  uint32_t number = job->known ? job->known - 1 : INDEX_NONE;
  job->known = 0;
  return number;
}

static int64_t newest_us(const Dedupe *dedupe) {
  return dedupe->answered > 0 ? entries_at(&dedupe->entries, dedupe->newest)->expires_us : 0;
}

static int64_t max_of(int64_t a, int64_t b) { return a > b ? a : b; }

// Returns a time not before the newest entry's, even if two threads read the clock and took the mutex in different
// orders.
static int64_t expiry(const Dedupe *dedupe, int64_t now_us) {
  int64_t least_us = max_of(newest_us(dedupe), dedupe->divided_us);
  return max_of(now_us + dedupe->window_us, least_us);
}

int64_t dedupe_divide(Dedupe *dedupe) {
  pthread_mutex_lock(&dedupe->mutex);
  if (dedupe->answered > 0) dedupe->divided_us = newest_us(dedupe) + 1;
  int64_t divided_us = dedupe->divided_us;
  pthread_mutex_unlock(&dedupe->mutex);
  return divided_us;
}

static void answer_entry(Dedupe *dedupe, uint32_t number, Str answer, int64_t answered_s,
                         int64_t now_us) {
  Entry *entry = entries_at(&dedupe->entries, number);
  dedupe->untold.answers += !entry_keep_answer(entry, answer);
  entry->job = NULL;
  entry->answered_s = answered_s;
  entry->expires_us = expiry(dedupe, now_us);
  enqueue(dedupe, entry, number);
}

void dedupe_finish(Dedupe *dedupe, Job *job, Str answer, int64_t now_us) {
  pthread_mutex_lock(&dedupe->mutex);
  uint32_t number = part(job);
  bool was_known = number != INDEX_NONE;
  if (was_known && dedupe->window_us > 0)
    answer_entry(dedupe, number, answer, job->answered_s, now_us);
  else if (was_known) remove_entry(dedupe, entries_at(&dedupe->entries, number), number);
  expire(dedupe, now_us, STEP);
  if (dedupe->answered > DEDUPE_WHOLE) compact(dedupe, now_us, STEP);
  drop_long_answers(dedupe);
  Dropped dropped = begin_telling(dedupe, now_us);
  pthread_mutex_unlock(&dedupe->mutex);
  tell(dedupe, dropped);
  if (was_known) job_release(job);
}

Job *dedupe_mark(Dedupe *dedupe, Job *job, int64_t now_us) {
  uint32_t hash = hash_of(dedupe, job->identity);
  pthread_mutex_lock(&dedupe->mutex);
  Entry *entry = find_known(dedupe, hash, job->identity, now_us);
  Job *running = entry && entry->job ? job_retain(entry->job) : NULL;
  bool added =
      !entry && try_compact(dedupe, job->identity, 0, now_us) == 0 && add(dedupe, hash, job);
  pthread_mutex_unlock(&dedupe->mutex);
  if (added) dedupe_finish(dedupe, job, STR(""), now_us);
  return running;
}

void dedupe_forget(Dedupe *dedupe, Job *job) {
  pthread_mutex_lock(&dedupe->mutex);
  uint32_t number = part(job);
  if (number != INDEX_NONE) remove_entry(dedupe, entries_at(&dedupe->entries, number), number);
  pthread_mutex_unlock(&dedupe->mutex);
  if (number != INDEX_NONE) job_release(job);
}

// ---- what is shown --------------------------------------------------------------------------------

static void show_running(Dedupe *dedupe, DedupeVisit visit, void *ctx) {
  for (uint32_t i = 0; i < dedupe->entries.used; i++) {
    Entry *entry = entries_at(&dedupe->entries, i);
    if (entry->job &&
        !visit(ctx, &(DedupeSeen){ .job = entry->job, .identity = entry_identity(entry) }))
      return;
  }
}

void dedupe_show(Dedupe *dedupe, DedupeVisit visit, void *ctx) {
  pthread_mutex_lock(&dedupe->mutex);
  if (visit) show_running(dedupe, visit, ctx);
  dedupe->shown_next = dedupe->answered > 0 ? dedupe->newest : INDEX_NONE;
  pthread_mutex_unlock(&dedupe->mutex);
}

// Returns whether more are to be shown.
static bool show_next(Dedupe *dedupe, DedupeVisit visit, void *ctx) {
  Entry *entry = entries_at(&dedupe->entries, dedupe->shown_next);
  bool goes_on = visit(ctx, &(DedupeSeen){ .identity = entry_identity(entry),
                                           .answer = entry_answer(entry),
                                           .answered_s = entry->answered_s,
                                           .expires_us = entry->expires_us });
  bool was_last = dedupe->shown_next == dedupe->oldest;
  dedupe->shown_next = goes_on && !was_last ? entry->older : INDEX_NONE;
  return dedupe->shown_next != INDEX_NONE;
}

bool dedupe_show_answered(Dedupe *dedupe, size_t most, DedupeVisit visit, void *ctx) {
  pthread_mutex_lock(&dedupe->mutex);
  bool more = dedupe->shown_next != INDEX_NONE;
  for (; more && most > 0; most--) more = show_next(dedupe, visit, ctx);
  pthread_mutex_unlock(&dedupe->mutex);
  return more;
}

// ---- memory that is given back ----------------------------------------------------------------------

static void move(Dedupe *dedupe, uint32_t from, uint32_t to) {
  Entry *entry = entries_at(&dedupe->entries, to);
  *entry = *entries_at(&dedupe->entries, from);
  if (entry->tries != ENTRY_OVER) index_move(index_of(dedupe, entry->hash), entry->hash, from, to);
  if (entry->job) {
    entry->job->known = to + 1;
    return;
  }
  if (dedupe->oldest == from) dedupe->oldest = to;
  else entries_at(&dedupe->entries, entry->older)->newer = to;
  if (dedupe->newest == from) dedupe->newest = to;
  else entries_at(&dedupe->entries, entry->newer)->older = to;
  if (dedupe->fullest == from) dedupe->fullest = to;
  if (dedupe->shown_next == from) dedupe->shown_next = to;
}

// Makes the entries in use one less. False if the last one is not spare, and no other one is.
static bool leave_last(Dedupe *dedupe) {
  uint32_t last = dedupe->entries.used - 1, to = entries_leave_last(&dedupe->entries);
  if (to != INDEX_NONE && to != last) move(dedupe, last, to);
  return to != last;
}

static uint32_t wanted_room(const Dedupe *dedupe) {
  size_t count = 0;
  uint32_t room = entries_room(&dedupe->entries);
  for (size_t i = 0; i < PARTS; i++) count += dedupe->index[i].count;
  while (room > FEWEST_LEFT && count <= room / 4) room /= 2;
  return room;
}

// Returns whether there is more to do. New messages take the spare entries: if they take all, it ends.
static bool shrink_some(Dedupe *dedupe, int64_t now_us) {
  Entries *entries = &dedupe->entries;
  if (!dedupe->fewer) dedupe->fewer = wanted_room(dedupe);
  bool goes_on = dedupe->fewer < entries_room(entries);
  for (int i = 0; goes_on && i < MOVE_STEP && entries->used > dedupe->fewer; i++)
    goes_on = leave_last(dedupe);
  bool freed = goes_on && entries_free_last_block(entries, dedupe->fewer);
  goes_on = goes_on && (freed || entries->used > dedupe->fewer);
  if (!goes_on) dedupe->fewer = 0;
  return goes_on;
}

// Returns whether there was anything to do.
static bool sweep_some(Dedupe *dedupe, int64_t now_us) {
  size_t before = dedupe->compact ? digest_set_count(dedupe->compact) : 0, whole = dedupe->answered;
  expire(dedupe, now_us, SWEEP_STEP);
  compact(dedupe, now_us, SWEEP_STEP);
  size_t after = dedupe->compact ? digest_set_count(dedupe->compact) : 0;
  return before != after || whole != dedupe->answered;
}

static size_t bytes_of(const Dedupe *dedupe) {
  size_t bytes = entries_room(&dedupe->entries) * sizeof(Entry);
  for (size_t i = 0; i < PARTS; i++) bytes += index_bytes(&dedupe->index[i]);
  return bytes + (dedupe->compact ? digest_set_bytes(dedupe->compact) : 0);
}

// Returns whether so much became free that malloc_trim is worth the locks of all arenas.
static bool must_trim(Dedupe *dedupe) {
  size_t bytes = bytes_of(dedupe), most = dedupe->most_bytes;
  bool must = most > bytes && most - bytes >= TRIM_LEAST && most - bytes >= most / 4;
  if (must || bytes > most) dedupe->most_bytes = bytes;
  return must;
}

// The mutex is free in between. Returns whether there is more to do.
static bool take_steps(Dedupe *dedupe, int64_t now_us, bool (*step)(Dedupe *, int64_t), int most) {
  bool more = true;
  for (; more && most > 0; most--) {
    pthread_mutex_lock(&dedupe->mutex);
    more = step(dedupe, now_us);
    pthread_mutex_unlock(&dedupe->mutex);
    if (more) nanosleep(&(struct timespec){ .tv_nsec = PAUSE_NS }, NULL);
  }
  return more;
}

static void shrink_index(Dedupe *dedupe) {
  for (size_t i = 0; i < PARTS; i++) {
    pthread_mutex_lock(&dedupe->mutex);
    index_shrink(&dedupe->index[i]);
    pthread_mutex_unlock(&dedupe->mutex);
  }
}

bool dedupe_sweep(Dedupe *dedupe, int64_t now_us) {
  bool expires = take_steps(dedupe, now_us, sweep_some, SWEEP_STEPS);
  bool moves = take_steps(dedupe, now_us, shrink_some, MOVE_STEPS);
  shrink_index(dedupe);
  pthread_mutex_lock(&dedupe->mutex);
  bool trims = must_trim(dedupe);
  Dropped dropped = begin_telling(dedupe, now_us);
  pthread_mutex_unlock(&dedupe->mutex);
  tell(dedupe, dropped);
  if (trims) malloc_trim(0);
  return expires || moves;
}

size_t dedupe_count(Dedupe *dedupe) {
  pthread_mutex_lock(&dedupe->mutex);
  size_t count = dedupe->answered + (dedupe->compact ? digest_set_count(dedupe->compact) : 0);
  pthread_mutex_unlock(&dedupe->mutex);
  return count;
}

size_t dedupe_bytes(Dedupe *dedupe) {
  pthread_mutex_lock(&dedupe->mutex);
  size_t bytes = bytes_of(dedupe) + dedupe->bytes;
  pthread_mutex_unlock(&dedupe->mutex);
  return bytes;
}
