// The store's thread and its queue; backends keep the data. A caller that waits for its
// reply makes the call itself while no other thread uses the backend: to wake two threads takes as long as
// Redis does.
#include "store/backend.h"
#include "store/call_queue.h"
#include "store/store_health.h"
#include "store/store_job.h"
#include "base/mutex.h"
#include "base/clock.h"
#include "base/log.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

enum {
  TICK_US = 1000 * 1000,
  SLOW_US = 50 * 1000,  // a call that should take microseconds took as long: the disk is busy
  SLOW_PAUSE_US = 1000 * 1000,
  TURN_US = 5 * 1000,
  PAGE_PATIENCE_MS = 10000,
  ALONE_US = 1000,  // how long "no other process has it open" counts
};

struct Store {
  const StoreBackend *backend;
  void *self;
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t wake;
  StorePrefixes prefixes;
  CallQueue queue;
  bool busy;     // a thread is using the backend
  bool awaited;  // the store's thread waits for the backend
  bool telling;  // the store's thread makes calls, or tells their callers
  bool closing;
  bool calling_now;          // a thread is in store_call_now
  pthread_cond_t call_over;  // signalled when it leaves
  int64_t slow_until_us;     // of these threads alone: until then all calls are queued
  atomic_llong alone_until_us;
  atomic_llong others_us;  // monotonic: another process was last seen; negative: none was
  StoreHealth health;
  const char *_Atomic advice;  // set by the thread that has `busy`
};

bool store_reply_next_key(Str *rest, Str *key) { return listing_next(rest, key); }

void store_reply_free(StoreReply *reply) {
  if (!reply) return;
  free((char *)reply->value.ptr);
  free(reply);
}

void store_reply_drop(void *ctx, StoreReply *reply) { store_reply_free(reply); }

static void fail_delayed(Store *store) {
  for (StoreJob *job; (job = call_queue_take_later(&store->queue));) {
    pthread_mutex_unlock(&store->lock);
    err_set(&job->reply.err, ERR_BUSY, "store: it is being closed");
    job->done(job->ctx, &job->reply);
    pthread_mutex_lock(&store->lock);
  }
}

static void note_advice(Store *store) {
  const char *advice = store->backend->advice ? store->backend->advice(store->self) : NULL;
  if (!advice || atomic_load(&store->advice)) return;
  log_warn("%s", advice);
  atomic_store(&store->advice, advice);
}

// Clears `busy`. `health` NULL: no call was made.
static void leave_backend(Store *store, const Err *health) {
  if (health) store_health_tell(&store->health, health);
  if (health) note_advice(store);
  pthread_mutex_lock(&store->lock);
  if (health) store_health_note(&store->health, health);
  store->busy = false;
  if (store->awaited) pthread_cond_signal(&store->wake);
  pthread_mutex_unlock(&store->lock);
}

// The caller has set `busy`.
static void run_jobs(Store *store, StoreJob *first) {
  Err health = { 0 };
  store->backend->run(store->self, first);
  for (StoreJob *job = first; job; job = job->next) {
    store_job_end_listing(job);
    if (!store_health_is_good(&job->reply.err)) health = job->reply.err;
  }
  leave_backend(store, &health);
}

static void run_tick(Store *store) {
  Err health = { 0 };
  if (store->backend->tick(store->self, &health)) health.code = ERR_NONE;
  leave_backend(store, &health);
}

// Makes a call that failed because the store is away again later, if it is to be repeated.
static bool keep_trying(Store *store, StoreJob *job) {
  if (store_health_is_good(&job->reply.err)) return false;
  pthread_mutex_lock(&store->lock);
  bool kept = !store->closing && call_queue_repeat(&store->queue, job, clock_now_us());
  pthread_mutex_unlock(&store->lock);
  return kept;
}

static void run_batch(Store *store, StoreJob *first) {
  run_jobs(store, first);
  while (first) {
    StoreJob *job = first;
    first = job->next;
    if (!keep_trying(store, job)) job->done(job->ctx, &job->reply);
  }
}

static void wait_for_turn(Store *store) {
  store->awaited = true;
  while (store->busy) pthread_cond_wait(&store->wake, &store->lock);
  store->awaited = false;
}

static void sleep_until_work(Store *store, int64_t tick_at) {
  int64_t next = call_queue_next_us(&store->queue);
  struct timespec at = clock_to_timespec(next < tick_at ? next : tick_at);
  pthread_cond_timedwait(&store->wake, &store->lock, &at);
}

// The loop handles signals.
static void block_signals(void) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, NULL);
}

// One round of the thread, with the lock held. False at the end.
static bool store_turn(Store *store, int64_t *tick_at) {
  wait_for_turn(store);
  int64_t now = clock_now_us();
  if (store->closing) fail_delayed(store);
  call_queue_wake(&store->queue, now);
  StoreJob *batch = call_queue_take_ready(&store->queue);
  bool ticks = now >= *tick_at;
  if (!batch && store->closing) return false;
  if (!batch && !ticks) {
    sleep_until_work(store, *tick_at);
    return true;
  }
  store->busy = true;
  store->telling = batch != NULL;
  pthread_mutex_unlock(&store->lock);
  if (batch) run_batch(store, batch);
  else run_tick(store);
  pthread_mutex_lock(&store->lock);
  store->telling = false;
  if (!batch) *tick_at = now + TICK_US;
  return true;
}

static void *store_main(void *arg) {
  Store *store = arg;
  block_signals();
  pthread_setname_np(pthread_self(), "store");
  int64_t tick_at = clock_now_us() + TICK_US;
  pthread_mutex_lock(&store->lock);
  while (store_turn(store, &tick_at)) continue;
  pthread_mutex_unlock(&store->lock);
  return NULL;
}

// Takes ownership of the job.
static bool put(Store *store, StoreJob *job, Err *err) {
  pthread_mutex_lock(&store->lock);
  bool closing = store->closing;
  if (closing) free(job);
  else call_queue_put(&store->queue, job);
  pthread_cond_signal(&store->wake);
  pthread_mutex_unlock(&store->lock);
  return closing ? err_set(err, ERR_BUSY, "store: it is being closed") : true;
}

bool store_call(Store *store, const StoreCall *call, StoreDone done, void *ctx, Err *err) {
  StoreJob *job = store_job_new(&store->prefixes, call, err);
  if (!job) return false;
  job->done = done;
  job->ctx = ctx;
  return put(store, job, err);
}

typedef struct {
  pthread_mutex_t lock;
  pthread_cond_t wake;
  StoreReply *reply;
} Waiter;

static void wake_waiter(void *ctx, StoreReply *reply) {
  Waiter *waiter = ctx;
  pthread_mutex_lock(&waiter->lock);
  waiter->reply = reply;
  pthread_cond_signal(&waiter->wake);
  pthread_mutex_unlock(&waiter->lock);
}

// Reserves the backend for this thread, unless other calls are first. After a failure no call overtakes the moment when
// the caller of the one that failed is told, who would otherwise take its value for the newest. `if_healthy`: not until
// a call has worked.
static bool take_turn(Store *store, bool if_healthy) {
  pthread_mutex_lock(&store->lock);
  bool failed = store->health.last.code != ERR_NONE;
  bool free = !store->busy && !store->queue.ready.first && !store->closing &&
              !(failed && (if_healthy || store->telling));
  if (free) store->busy = true;
  pthread_mutex_unlock(&store->lock);
  return free;
}

// Returns whether the call was made.
static bool run_now(Store *store, StoreJob *job) {
  Err health = { 0 };
  int64_t began_us = clock_now_us();
  if (began_us < store->slow_until_us || !take_turn(store, true)) return false;
  bool made = store->backend->at_once(store->self, job);
  leave_backend(store, made ? &health : NULL);
  if (clock_now_us() - began_us > SLOW_US) store->slow_until_us = began_us + SLOW_PAUSE_US;
  return made;
}

// A call of another thread that takes longer than most waits for its disk: this thread does not wait for it.
static bool begin_call_now(Store *store) {
  struct timespec until = clock_to_timespec(clock_now_us() + TURN_US);
  bool in_time = true;
  pthread_mutex_lock(&store->lock);
  while (store->calling_now && in_time)
    in_time = pthread_cond_timedwait(&store->call_over, &store->lock, &until) == 0;
  bool ours = !store->calling_now;
  if (ours) store->calling_now = true;
  pthread_mutex_unlock(&store->lock);
  return ours;
}

static void end_call_now(Store *store) {
  pthread_mutex_lock(&store->lock);
  store->calling_now = false;
  pthread_cond_signal(&store->call_over);
  pthread_mutex_unlock(&store->lock);
}

static bool run_in_turn(Store *store, StoreJob *job) {
  if (!begin_call_now(store)) return false;
  bool made = run_now(store, job);
  end_call_now(store);
  return made;
}

StoreReply *store_call_now(Store *store, const StoreCall *call) {
  if (!store->backend->at_once || store_company(store) != STORE_ALONE) return NULL;
  StoreJob *job = store_job_new(&store->prefixes, call, NULL);
  if (!job) return NULL;
  if (run_in_turn(store, job)) return &job->reply;
  free(job);
  return NULL;
}

StoreReply *store_call_wait(Store *store, const StoreCall *call, Err *err) {
  StoreJob *job = store_job_new(&store->prefixes, call, err);
  if (!job) return NULL;
  if (call->delay_ms == 0 && take_turn(store, false)) {
    run_jobs(store, job);
    return &job->reply;
  }
  Waiter waiter = { .lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER };
  job->done = wake_waiter;
  job->ctx = &waiter;
  if (!put(store, job, err)) return NULL;
  pthread_mutex_lock(&waiter.lock);
  while (!waiter.reply) pthread_cond_wait(&waiter.wake, &waiter.lock);
  pthread_mutex_unlock(&waiter.lock);
  return waiter.reply;
}

bool store_is_quiet(Store *store) {
  pthread_mutex_lock(&store->lock);
  bool due = call_queue_next_us(&store->queue) <= clock_now_us();
  bool quiet = !store->busy && !store->telling && !store->queue.ready.first && !due;
  pthread_mutex_unlock(&store->lock);
  return quiet;
}

bool store_healthy(Store *store, Err *err) {
  pthread_mutex_lock(&store->lock);
  Err health = store->health.last;
  pthread_mutex_unlock(&store->lock);
  if (health.code != ERR_NONE && err) *err = health;
  return health.code == ERR_NONE;
}

int64_t store_settles_ms(Store *store) {
  pthread_mutex_lock(&store->lock);
  int64_t settles_ms = store_health_settles_ms(&store->health);
  pthread_mutex_unlock(&store->lock);
  return settles_ms;
}

const char *store_advice(const Store *store) { return atomic_load(&((Store *)store)->advice); }

bool store_has_worked(Store *store) {
  pthread_mutex_lock(&store->lock);
  bool has_worked = store->health.has_worked;
  pthread_mutex_unlock(&store->lock);
  return has_worked;
}

const char *store_kind(const Store *store) { return store->backend->name; }

bool store_list_page(Store *store, Str prefix, Buf *after, void (*each)(void *ctx, Str key),
                     void *ctx, bool *more) {
  StoreCall call = { .op = STORE_LIST,
                     .key = prefix,
                     .after = buf_str(after),
                     .limit = store->backend->page,
                     .patience_ms = PAGE_PATIENCE_MS };
  StoreReply *reply = store_call_wait(store, &call, NULL);
  bool there = reply && reply->err.code == ERR_NONE;
  Str rest = there ? reply->value : STR(""), key, last = { 0 };
  int64_t listed = 0;
  for (; store_reply_next_key(&rest, &key); listed++) {
    each(ctx, key);
    last = key;
  }
  *more = there && listed == call.limit;
  if (there) buf_reset(after);
  if (there) buf_add(after, last);
  store_reply_free(reply);
  return there;
}

bool store_is_shared(const Store *store) { return store->backend->shared; }

// Several threads look at once, and the one that looked last counts.
static void note_others(Store *store) {
  long long now_us = clock_now_us(), before = atomic_load(&store->others_us);
  while (before < now_us && !atomic_compare_exchange_weak(&store->others_us, &before, now_us)) {
  }
}

StoreCompany store_company(const Store *store) {
  const StoreBackend *backend = store->backend;
  if (!backend->shared) return STORE_ALONE;
  if (!backend->is_alone) return STORE_CANNOT_SEE;
  // A message asks several times, and each look is a system call.
  atomic_llong *alone_until_us = &((Store *)store)->alone_until_us;
  int64_t now_us = clock_now_us();
  if (now_us < atomic_load_explicit(alone_until_us, memory_order_relaxed)) return STORE_ALONE;
  if (!backend->is_alone(store->self)) {
    note_others((Store *)store);
    return STORE_MET;
  }
  atomic_store_explicit(alone_until_us, now_us + ALONE_US, memory_order_relaxed);
  return STORE_ALONE;
}

bool store_alone_since(const Store *store, int64_t since_us) {
  return store_company(store) == STORE_ALONE &&
         atomic_load(&((Store *)store)->others_us) < since_us;
}

static bool start_thread(Store *store) {
  pthread_mutex_init(&store->lock, NULL);
  condition_init(&store->wake);
  condition_init(&store->call_over);
  if (pthread_create(&store->thread, NULL, store_main, store) == 0) return true;
  pthread_cond_destroy(&store->call_over);
  pthread_cond_destroy(&store->wake);
  pthread_mutex_destroy(&store->lock);
  return false;
}

static Store *open_backend(const StoreBackend *backend, const StoreOptions *options, Err *err) {
  Store *store = calloc(1, sizeof(*store));
  if (!store) {
    err_set(err, ERR_MEMORY, "store: no memory");
    return NULL;
  }
  store->backend = backend;
  atomic_init(&store->others_us, -1);
  store_prefixes_of(options, &store->prefixes);
  store->self = backend->open(options, &store->prefixes, err);
  if (store->self && start_thread(store)) return store;
  if (store->self) {
    backend->close(store->self);
    err_set(err, ERR_FAILED, "store: the store's thread cannot be started");
  }
  free(store);
  return NULL;
}

Store *store_open_with(const StoreOptions *options, Err *err) {
  const StoreBackend *backend = store_backend_of(options->url, err);
  if (backend) return open_backend(backend, options, err);
  err_wrap(err, "store");
  return NULL;
}

Store *store_open(Str url, Err *err) { return store_open_with(&(StoreOptions){ .url = url }, err); }

void store_close(Store *store) {
  if (!store) return;
  pthread_mutex_lock(&store->lock);
  store->closing = true;
  pthread_cond_signal(&store->wake);
  pthread_mutex_unlock(&store->lock);
  pthread_join(store->thread, NULL);
  store->backend->close(store->self);
  pthread_cond_destroy(&store->call_over);
  pthread_cond_destroy(&store->wake);
  pthread_mutex_destroy(&store->lock);
  free(store);
}
