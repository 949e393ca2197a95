// A message being answered, and the requests that wait for its answer.
#include "bot/job.h"

#include "base/mutex.h"
#include "base/clock.h"
#include "base/core_pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

// Blocks beyond the first are freed with the job; this many idle jobs keep theirs.
enum { IDLE_MAX = 64 };  // for each core

enum { PATIENCE_US = 5000000 };  // how long the platform waits for the answer to one request

typedef struct Entry {
  Job job;  // first: a Job is its Entry
  JobPool *pool;
  atomic_int holders;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  JobWaiter *first;  // the waiters that have joined
  int waiting;       // number of requests that are expected or wait
  bool deserted;     // a request was answered before, or is held
  bool owed;         // a request was answered before
  bool waits;        // a thread waits in job_wait
  bool settled;      // the answer is known, and about to be set
  bool finished;
  Pooled pooled;
} Entry;

struct JobPool {
  CorePool idle;
};

static Entry *entry_of(Job *job) { return (Entry *)job; }

// NULL gives NULL.
static Entry *from_pool(Pooled *pooled) {
  return pooled ? (Entry *)((char *)pooled - offsetof(Entry, pooled)) : NULL;
}

static Entry *take_idle(JobPool *pool) { return from_pool(core_pool_take(&pool->idle)); }

static void entry_free(Entry *entry) {
  if (!entry) return;
  pthread_cond_destroy(&entry->changed);
  pthread_mutex_destroy(&entry->mutex);
  arena_free(entry->job.arena);
  free(entry);
}

static Entry *entry_new(JobPool *pool) {
  Entry *entry = calloc(1, sizeof *entry);
  Arena *arena = arena_new();
  if (!entry || !arena) {
    free(entry);
    arena_free(arena);
    return NULL;
  }
  condition_init(&entry->changed);
  pthread_mutex_init(&entry->mutex, NULL);
  entry->job.arena = arena;
  entry->pool = pool;
  return entry;
}

JobPool *job_pool_new(void) {
  JobPool *pool = calloc(1, sizeof *pool);
  if (pool) core_pool_init(&pool->idle);
  return pool;
}

void job_pool_free(JobPool *pool) {
  if (!pool) return;
  for (Entry *entry; (entry = take_idle(pool));) entry_free(entry);
  core_pool_clear(&pool->idle);
  free(pool);
}

Job *job_new(JobPool *pool, int64_t started_us) {
  Entry *entry = take_idle(pool);
  if (!entry) entry = entry_new(pool);
  if (!entry) return NULL;
  entry->job = (Job){ .arena = entry->job.arena, .started_us = started_us, .state = TASK_WAITING };
  entry->first = NULL;
  entry->waiting = 1;
  entry->waits = entry->deserted = entry->owed = entry->settled = entry->finished = false;
  atomic_store_explicit(&entry->holders, 1, memory_order_relaxed);
  return &entry->job;
}

Job *job_retain(Job *job) {
  atomic_fetch_add_explicit(&entry_of(job)->holders, 1, memory_order_relaxed);
  return job;
}

void job_release(Job *job) {
  Entry *entry = entry_of(job);
  if (!job || atomic_fetch_sub_explicit(&entry->holders, 1, memory_order_acq_rel) != 1) return;
  said_clear(&job->said);
  trail_drop(job->trail);
  job->trail = NULL;
  arena_reset(job->arena);
  entry_free(from_pool(core_pool_put(&entry->pool->idle, &entry->pooled, IDLE_MAX)));
}

// With the mutex held.
static bool is_late(const Entry *entry) { return entry->deserted && entry->waiting == 0; }

bool job_settle(Job *job) {
  Entry *entry = entry_of(job);
  pthread_mutex_lock(&entry->mutex);
  entry->settled = true;
  bool late = is_late(entry);
  pthread_mutex_unlock(&entry->mutex);
  return late;
}

static void tell(JobWaiter *waiter) {
  for (JobWaiter *next; waiter; waiter = next) {
    next = waiter->next;
    waiter->answered(waiter);
  }
}

// Call it with the mutex held; unlocks it.
static bool finish_locked(Entry *entry) {
  entry->finished = true;
  bool late = is_late(entry);
  JobWaiter *first = entry->first;
  entry->first = NULL;
  if (entry->waits) pthread_cond_broadcast(&entry->changed);
  pthread_mutex_unlock(&entry->mutex);
  tell(first);
  return late;
}

bool job_finish(Job *job, TaskState state, const Reply *reply, Str rest) {
  Entry *entry = entry_of(job);
  pthread_mutex_lock(&entry->mutex);
  job->state = state;
  job->reply = reply ? *reply : (Reply){ .form = REPLY_NONE };
  job->rest = rest;
  job->answered_s = clock_unix_s();
  return finish_locked(entry);
}

void job_finish_packed(Job *job, Str packed, int64_t answered_s) {
  Entry *entry = entry_of(job);
  pthread_mutex_lock(&entry->mutex);
  job->state = TASK_RETURNED;
  job->is_packed = true;
  job->packed = packed;
  job->answered_s = answered_s;
  finish_locked(entry);
}

bool job_expect(Job *job) {
  Entry *entry = entry_of(job);
  pthread_mutex_lock(&entry->mutex);
  bool open = !entry->finished;
  entry->waiting += open;
  pthread_mutex_unlock(&entry->mutex);
  return open;
}

bool job_join(Job *job, JobWaiter *waiter) {
  Entry *entry = entry_of(job);
  pthread_mutex_lock(&entry->mutex);
  bool open = !entry->finished;
  if (open) {
    waiter->next = entry->first;
    entry->first = waiter;
  }
  pthread_mutex_unlock(&entry->mutex);
  return open;
}

// With the mutex held.
static void unlink_waiter(Entry *entry, const JobWaiter *waiter) {
  JobWaiter **at = &entry->first;
  while (*at && *at != waiter) at = &(*at)->next;
  if (*at) *at = waiter->next;
}

bool job_leave(Job *job, JobWaiter *waiter, JobLeave why) {
  Entry *entry = entry_of(job);
  pthread_mutex_lock(&entry->mutex);
  bool open = !entry->finished && !entry->settled;
  if (open) {
    unlink_waiter(entry, waiter);
    entry->waiting--;
    entry->deserted = entry->deserted || why != JOB_CLIENT_GONE;
    entry->owed = entry->owed || why == JOB_ANSWERED_BEFORE;
  }
  pthread_mutex_unlock(&entry->mutex);
  return open;
}

bool job_wait(Job *job, int64_t deadline_us) {
  Entry *entry = entry_of(job);
  struct timespec until = clock_to_timespec(deadline_us);
  pthread_mutex_lock(&entry->mutex);
  entry->waits = true;
  bool in_time = true;
  while (!entry->finished && (in_time || entry->settled)) {
    if (entry->settled) pthread_cond_wait(&entry->changed, &entry->mutex);
    else in_time = pthread_cond_timedwait(&entry->changed, &entry->mutex, &until) == 0;
  }
  bool finished = entry->finished;
  if (!finished) {
    entry->waiting--;
    entry->deserted = true;
  }
  pthread_mutex_unlock(&entry->mutex);
  return finished;
}

bool job_is_finished(Job *job) {
  Entry *entry = entry_of(job);
  pthread_mutex_lock(&entry->mutex);
  bool finished = entry->finished;
  pthread_mutex_unlock(&entry->mutex);
  return finished;
}

bool job_has_requests(Job *job) {
  Entry *entry = entry_of(job);
  pthread_mutex_lock(&entry->mutex);
  bool waits = entry->waiting > 0;
  pthread_mutex_unlock(&entry->mutex);
  return waits;
}

bool job_is_wanted(Job *job, int64_t now_us) {
  Entry *entry = entry_of(job);
  pthread_mutex_lock(&entry->mutex);
  bool wanted = entry->waiting > 0 || entry->owed || now_us - job->started_us < PATIENCE_US;
  pthread_mutex_unlock(&entry->mutex);
  return wanted;
}

bool job_is_owed(Job *job) {
  Entry *entry = entry_of(job);
  pthread_mutex_lock(&entry->mutex);
  bool owed = entry->owed;
  pthread_mutex_unlock(&entry->mutex);
  return owed;
}
