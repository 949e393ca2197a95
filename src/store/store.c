// The store's thread and its queue; backends keep the data. A caller that waits for its
// reply makes the call itself while no other thread uses the backend: to wake two threads takes as long as
// Redis does.
#include "store/backend.h"
#include "base/mutex.h"
#include "base/clock.h"
#include "base/log.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum {
  BATCH_MAX = 256,
  TICK_US = 1000 * 1000,
  PATIENCE_MS = 900,
  KEEP_PAUSE_US = 500 * 1000,
  CALM_US = 3000 * 1000,  // without a failure: it works again
  // By then after a failure, those who share the store have told it what they did meanwhile: calls that are kept are
  // made every KEEP_PAUSE_US, and a connection is tried as often.
  SETTLES_US = 2000 * 1000,
  KEPT_MAX = 64 << 20,  // bytes of calls that wait for a store that is away
  SLOW_US = 50 * 1000,  // a call that should take microseconds took as long: the disk is busy
  SLOW_PAUSE_US = 1000 * 1000,
  TURN_US = 5 * 1000,
  PAGE_PATIENCE_MS = 10000,
  ALONE_US = 1000,  // how long "no other process has it open" counts
};

typedef struct {
  StoreJob *first, *last;
} Queue;

struct Store {
  const StoreBackend *backend;
  void *self;
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t wake;
  StorePrefixes prefixes;
  Queue ready;     // in the order given
  Queue delayed;   // by due_us
  Queue repeated;  // those that failed because the store is away, by due_us: there may be very many
  size_t kept;     // bytes of the calls in `repeated`
  bool busy;       // a thread is using the backend
  bool awaited;    // the store's thread waits for the backend
  bool telling;    // the store's thread makes calls, or tells their callers
  bool closing;
  bool calling_now;          // a thread is in store_call_now
  pthread_cond_t call_over;  // signalled when it leaves
  int64_t slow_until_us;     // of these threads alone: until then all calls are queued
  atomic_llong alone_until_us;
  Err health;  // of the last call that reached the backend, or of the last tick
  bool told;   // the log has said that it fails
  bool has_worked;
  const char *_Atomic advice;  // set by the thread that has `busy`
  int64_t failed_us, back_us;  // of the last failure, and of the first call that worked again
};

static size_t size_of(const StoreJob *job) {
  return sizeof *job + job->call.key.len + job->call.value.len;
}

static void queue_put(Queue *queue, StoreJob *job) {
  job->next = NULL;
  if (queue->last) queue->last->next = job;
  else queue->first = job;
  queue->last = job;
}

static StoreJob *queue_take(Queue *queue) {
  StoreJob *job = queue->first;
  queue->first = job->next;
  if (!queue->first) queue->last = NULL;
  return job;
}

// Puts the job behind those that are due before it, or at the same time.
static void queue_put_by_due(Queue *queue, StoreJob *job) {
  StoreJob **at = &queue->first;
  if (!*at || queue->last->due_us <= job->due_us) {
    queue_put(queue, job);
    return;
  }
  while ((*at)->due_us <= job->due_us) at = &(*at)->next;
  job->next = *at;
  *at = job;
}

// Finishes a STORE_LIST for its caller.
static void end_listing(StoreJob *job) {
  if (job->call.op != STORE_LIST) return;
  Err *err = &job->reply.err;
  if (err->code == ERR_NONE)
    job->reply.ok =
        listing_finish(&job->listing, job->call.after, job->call.limit, &job->reply.value) ||
        err_set(err, ERR_MEMORY, "store: no memory for a list of keys");
  listing_free(&job->listing);
}

bool store_reply_next_key(Str *rest, Str *key) { return listing_next(rest, key); }

void store_reply_free(StoreReply *reply) {
  if (!reply) return;
  free((char *)reply->value.ptr);
  free(reply);
}

void store_reply_drop(void *ctx, StoreReply *reply) { store_reply_free(reply); }

// Returns the queue whose first call is due next; NULL: no call waits.
static Queue *next_delayed(Store *store) {
  const StoreJob *delayed = store->delayed.first, *repeated = store->repeated.first;
  if (!delayed && !repeated) return NULL;
  bool first = !repeated || (delayed && delayed->due_us <= repeated->due_us);
  return first ? &store->delayed : &store->repeated;
}

// Moves calls that are due to the ready queue.
static void wake_delayed(Store *store, int64_t now) {
  for (Queue *queue; (queue = next_delayed(store)) && queue->first->due_us <= now;) {
    StoreJob *job = queue_take(queue);
    if (queue == &store->repeated) store->kept -= size_of(job);
    queue_put(&store->ready, job);
  }
}

static void fail_delayed(Store *store) {
  for (Queue *queue; (queue = next_delayed(store));) {
    StoreJob *job = queue_take(queue);
    pthread_mutex_unlock(&store->lock);
    err_set(&job->reply.err, ERR_BUSY, "store: it is being closed");
    job->done(job->ctx, &job->reply);
    pthread_mutex_lock(&store->lock);
  }
}

static StoreJob *take_batch(Store *store) {
  StoreJob *first = store->ready.first, *last = first;
  if (!first) return NULL;
  for (int n = 1; n < BATCH_MAX && last->next; n++) last = last->next;
  store->ready.first = last->next;
  if (!store->ready.first) store->ready.last = NULL;
  last->next = NULL;
  return first;
}

// A call that was wrong in itself (INCR of a value that is not a number) says nothing about the backend's health.
static bool is_healthy(const Err *err) { return err->code == ERR_NONE || err->code == ERR_INVALID; }

// A full disk fails what needs room, and what reads works: one line for all of it. By the thread that has `busy`.
static void tell(Store *store, const Err *health) {
  bool fails = !is_healthy(health);
  int64_t now_us = fails || store->told ? clock_now_us() : 0;
  if (fails) store->failed_us = now_us;
  if (fails && !store->told) log_warn("%s", health->text);
  bool again = !fails && store->told && now_us - store->failed_us >= CALM_US;
  if (again) log_info("store: it works again");
  if (fails || again) store->told = fails;
}

static void note_advice(Store *store) {
  const char *advice = store->backend->advice ? store->backend->advice(store->self) : NULL;
  if (!advice || atomic_load(&store->advice)) return;
  log_warn("%s", advice);
  atomic_store(&store->advice, advice);
}

// Clears `busy`. `health` NULL: no call was made.
static void leave_backend(Store *store, const Err *health) {
  if (health) tell(store, health);
  if (health) note_advice(store);
  pthread_mutex_lock(&store->lock);
  if (health && is_healthy(health) && !is_healthy(&store->health)) store->back_us = clock_now_us();
  if (health) store->health = *health;
  if (health && is_healthy(health)) store->has_worked = true;
  store->busy = false;
  if (store->awaited) pthread_cond_signal(&store->wake);
  pthread_mutex_unlock(&store->lock);
}

// The caller has set `busy`.
static void run_jobs(Store *store, StoreJob *first) {
  Err health = { 0 };
  store->backend->run(store->self, first);
  for (StoreJob *job = first; job; job = job->next) {
    end_listing(job);
    if (!is_healthy(&job->reply.err)) health = job->reply.err;
  }
  leave_backend(store, &health);
}

static void run_tick(Store *store) {
  Err health = { 0 };
  if (store->backend->tick(store->self, &health)) health.code = ERR_NONE;
  leave_backend(store, &health);
}

// Queues a call that failed because the store is away again, if it is to be repeated. Its value still expires at
// the original time.
static bool keep_trying(Store *store, StoreJob *job) {
  int64_t now = clock_now_us(), passed_ms = (now - job->due_us) / 1000 + KEEP_PAUSE_US / 1000;
  if (job->keep_us <= now || is_healthy(&job->reply.err)) return false;
  if (job->call.ttl_ms && job->call.ttl_ms <= passed_ms) return false;
  pthread_mutex_lock(&store->lock);
  bool kept = !store->closing && store->kept + size_of(job) <= KEPT_MAX;
  if (kept) {
    store->kept += size_of(job);
    free((char *)job->reply.value.ptr);
    job->reply = (StoreReply){ .ok = false };
    if (job->call.ttl_ms) job->call.ttl_ms -= passed_ms;
    job->due_us = now + KEEP_PAUSE_US;
    job->give_up_us = job->due_us + PATIENCE_MS * 1000;
    queue_put_by_due(&store->repeated, job);
  }
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
  int64_t until = tick_at;
  const Queue *next = next_delayed(store);
  if (next && next->first->due_us < until) until = next->first->due_us;
  struct timespec at = clock_to_timespec(until);
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
  wake_delayed(store, now);
  StoreJob *batch = take_batch(store);
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

static bool call_is_right(const StoreCall *call, Err *err) {
  bool listing = call->op == STORE_LIST;
  if ((call->key.len == 0 && !listing) || call->key.len > STORE_KEY_MAX ||
      call->after.len > STORE_KEY_MAX)
    return err_set(err, ERR_USAGE, "store: a key has 1 to %d bytes, this one %zu", STORE_KEY_MAX,
                   call->key.len);
  if (call->value.len > STORE_VALUE_MAX)
    return err_set(err, ERR_USAGE, "store: a value has at most %d bytes, this one %zu",
                   STORE_VALUE_MAX, call->value.len);
  if (call->ttl_ms < 0) return err_set(err, ERR_USAGE, "store: a time to live cannot be negative");
  if (call->op == STORE_LEASE && call->ttl_ms == 0)
    return err_set(err, ERR_USAGE, "store: a lease needs a time to live");
  return true;
}

static Str keep(char **at, Str s) {
  if (s.len) memcpy(*at, s.ptr, s.len);
  Str copy = str_make(*at, s.len);
  *at += s.len;
  return copy;
}

// Prefixes the key; empty if the prefix is empty.
static Str prefixed(char **at, const char *prefix, Str key) {
  Str head = str_of(prefix);
  if (head.len == 0) return STR("");
  char *begin = *at;
  keep(at, head);
  keep(at, key);
  return str_make(begin, head.len + key.len);
}

static void copy_call(const Store *store, StoreJob *job, const StoreCall *call) {
  char *at = job->bytes;
  bool own = call->space == STORE_OWN;
  job->call = *call;
  job->key = prefixed(&at, own ? "o:" : store->prefixes.script, call->key);
  for (int i = 0; i < STORE_OLD_KEYS; i++)
    job->old_keys[i] = prefixed(&at, own ? "" : store->prefixes.old[i], call->key);
  job->call.key = keep(&at, call->key);
  job->call.value = keep(&at, call->value);
  job->call.expected = keep(&at, call->expected);
  job->call.after = keep(&at, call->after);
}

// One allocation holds the job, the reply and copies of the call's slices. NULL if the call breaks a rule, and
// without memory.
static StoreJob *job_new(const Store *store, const StoreCall *call, Err *err) {
  if (!call_is_right(call, err)) return NULL;
  size_t keys = (1 + STORE_OLD_KEYS) * (STORE_PREFIX_MAX + call->key.len);
  StoreJob *job = malloc(sizeof(*job) + keys + call->key.len + call->value.len +
                         call->expected.len + call->after.len);
  if (!job) {
    err_set(err, ERR_MEMORY, "store: no memory for a call");
    return NULL;
  }
  memset(job, 0, sizeof(*job));
  copy_call(store, job, call);
  int64_t patience_ms = call->patience_ms ? call->patience_ms : PATIENCE_MS;
  job->due_us = clock_now_us() + call->delay_ms * 1000;
  job->give_up_us = job->due_us + patience_ms * 1000;
  job->keep_us = call->keep_ms ? job->due_us + call->keep_ms * 1000 : 0;
  return job;
}

// Takes ownership of the job.
static bool put(Store *store, StoreJob *job, Err *err) {
  pthread_mutex_lock(&store->lock);
  bool closing = store->closing;
  if (closing) free(job);
  else if (job->call.delay_ms > 0) queue_put_by_due(&store->delayed, job);
  else queue_put(&store->ready, job);
  pthread_cond_signal(&store->wake);
  pthread_mutex_unlock(&store->lock);
  return closing ? err_set(err, ERR_BUSY, "store: it is being closed") : true;
}

bool store_call(Store *store, const StoreCall *call, StoreDone done, void *ctx, Err *err) {
  StoreJob *job = job_new(store, call, err);
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
// the caller of the one that failed is told, who would otherwise take its value for the newest. `if_healthy`: not until a
// call has worked.
static bool take_turn(Store *store, bool if_healthy) {
  pthread_mutex_lock(&store->lock);
  bool failed = store->health.code != ERR_NONE;
  bool free = !store->busy && !store->ready.first && !store->closing &&
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
  StoreJob *job = job_new(store, call, NULL);
  if (!job) return NULL;
  if (run_in_turn(store, job)) return &job->reply;
  free(job);
  return NULL;
}

StoreReply *store_call_wait(Store *store, const StoreCall *call, Err *err) {
  StoreJob *job = job_new(store, call, err);
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
  const Queue *next = next_delayed(store);
  bool due = next && next->first->due_us <= clock_now_us();
  bool quiet = !store->busy && !store->ready.first && !due;
  pthread_mutex_unlock(&store->lock);
  return quiet;
}

bool store_healthy(Store *store, Err *err) {
  pthread_mutex_lock(&store->lock);
  Err health = store->health;
  pthread_mutex_unlock(&store->lock);
  if (health.code != ERR_NONE && err) *err = health;
  return health.code == ERR_NONE;
}

int64_t store_settles_ms(Store *store) {
  pthread_mutex_lock(&store->lock);
  int64_t until_us = store->back_us ? store->back_us + SETTLES_US : 0;
  bool fails = !is_healthy(&store->health);
  pthread_mutex_unlock(&store->lock);
  if (fails) return SETTLES_US / 1000;
  int64_t left_us = until_us ? until_us - clock_now_us() : 0;
  return left_us > 0 ? left_us / 1000 : 0;
}

const char *store_advice(const Store *store) { return atomic_load(&((Store *)store)->advice); }

bool store_has_worked(Store *store) {
  pthread_mutex_lock(&store->lock);
  bool has_worked = store->has_worked;
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

StoreCompany store_company(const Store *store) {
  const StoreBackend *backend = store->backend;
  if (!backend->shared) return STORE_ALONE;
  if (!backend->is_alone) return STORE_CANNOT_SEE;
  // A message asks several times, and each look is a system call.
  atomic_llong *alone_until_us = &((Store *)store)->alone_until_us;
  int64_t now_us = clock_now_us();
  if (now_us < atomic_load_explicit(alone_until_us, memory_order_relaxed)) return STORE_ALONE;
  if (!backend->is_alone(store->self)) return STORE_MET;
  atomic_store_explicit(alone_until_us, now_us + ALONE_US, memory_order_relaxed);
  return STORE_ALONE;
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

// The prefixes of a script's keys; without an account those of before version 0.2.
static void set_prefixes(Store *store, const StoreOptions *options) {
  enum { NAME_MAX_LEN = 64 };
  Str account = str_sub(options->account, 0, NAME_MAX_LEN);
  Str former = str_sub(options->former_account, 0, NAME_MAX_LEN);
  if (account.len == 0) {
    memcpy(store->prefixes.script, "s:", 3);
    return;
  }
  snprintf(store->prefixes.script, sizeof store->prefixes.script, "k:%.*s:", STR_FMT(account));
  memcpy(store->prefixes.old[0], "s:", 3);
  if (former.len && !str_eq(former, account))
    snprintf(store->prefixes.old[1], sizeof store->prefixes.old[1], "k:%.*s:", STR_FMT(former));
}

static Store *open_backend(const StoreBackend *backend, const StoreOptions *options, Err *err) {
  Store *store = calloc(1, sizeof(*store));
  if (!store) {
    err_set(err, ERR_MEMORY, "store: no memory");
    return NULL;
  }
  store->backend = backend;
  set_prefixes(store, options);
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
