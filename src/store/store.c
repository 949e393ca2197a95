// The store's thread and its queue; keys and values are the backends' business. A caller that waits for its
// reply makes the call itself while no other thread uses the backend: to wake two threads takes as long as
// Redis does.
#include "store/backend.h"
#include "base/mutex.h"
#include "base/clock.h"
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

// Every backend there is. Each is the StoreBackend of that name in a file of its own.
#define BACKENDS(EACH) EACH(store_memory) EACH(store_sqlite) EACH(store_redis)

#define DECLARE(backend) extern const StoreBackend backend;
#define ADDRESS(backend) &(backend),
BACKENDS(DECLARE)
static const StoreBackend *const backends[] = { BACKENDS(ADDRESS) };

enum { BATCH_MAX = 256, TIDY_US = 10 * 1000 * 1000, AWAY_US = 900 * 1000 };

typedef struct {
  StoreJob *first, *last;
} Queue;

struct Store {
  const StoreBackend *backend;
  void *self;
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t wake;
  Queue ready;        // in the order given
  StoreJob *delayed;  // by due_us
  bool busy;          // somebody is at the backend
  bool awaited;       // the thread waits for its turn there
  bool closing;
  Err health;  // of the last call that reached the backend
};

static void queue_put(Queue *queue, StoreJob *job) {
  job->next = NULL;
  if (queue->last) queue->last->next = job;
  else queue->first = job;
  queue->last = job;
}

void store_job_value(StoreJob *job, Str value) {
  char *copy = malloc(value.len + 1);
  if (!copy) {
    err_set(&job->reply.err, ERR_MEMORY, "store: no memory for a value of %zu bytes", value.len);
    return;
  }
  if (value.len) memcpy(copy, value.ptr, value.len);
  copy[value.len] = 0;
  job->reply.value = str_make(copy, value.len);
  job->reply.ok = true;
}

bool store_job_sum(StoreJob *job, Str text) {
  int64_t present = 0;
  if (!str_to_int64(text, &present))
    return err_set(&job->reply.err, ERR_INVALID,
                   "store: what is kept under this key is no integer, so it cannot be counted up");
  if (__builtin_add_overflow(present, job->call.by, &job->reply.number))
    return err_set(&job->reply.err, ERR_INVALID, "store: the count does not fit 64 bits");
  job->reply.ok = true;
  return true;
}

void store_reply_free(StoreReply *reply) {
  if (!reply) return;
  free((char *)reply->value.ptr);
  free(reply);
}

// Moves what is due from the delayed to the ready.
static void wake_delayed(Store *store, int64_t now) {
  while (store->delayed && store->delayed->due_us <= now) {
    StoreJob *job = store->delayed;
    store->delayed = job->next;
    queue_put(&store->ready, job);
  }
}

static void fail_delayed(Store *store) {
  while (store->delayed) {
    StoreJob *job = store->delayed;
    store->delayed = job->next;
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

// What a call may be refused for (a count that is none) says nothing about the backend's health.
static bool is_healthy(const Err *err) { return err->code == ERR_NONE || err->code == ERR_INVALID; }

// With `busy` taken, which it gives back.
static void run_jobs(Store *store, StoreJob *first) {
  Err health = { 0 };
  if (first) store->backend->run(store->self, first);
  for (const StoreJob *job = first; job; job = job->next) {
    if (!is_healthy(&job->reply.err)) health = job->reply.err;
  }
  pthread_mutex_lock(&store->lock);
  if (first) store->health = health;
  store->busy = false;
  if (store->awaited) pthread_cond_signal(&store->wake);
  pthread_mutex_unlock(&store->lock);
}

static void run_batch(Store *store, StoreJob *first) {
  run_jobs(store, first);
  while (first) {
    StoreJob *job = first;
    first = job->next;
    job->done(job->ctx, &job->reply);
  }
}

static void wait_for_turn(Store *store) {
  store->awaited = true;
  while (store->busy) pthread_cond_wait(&store->wake, &store->lock);
  store->awaited = false;
}

static void sleep_until_work(Store *store, int64_t tidy_at) {
  int64_t until = tidy_at;
  if (store->delayed && store->delayed->due_us < until) until = store->delayed->due_us;
  struct timespec at = clock_to_timespec(until);
  pthread_cond_timedwait(&store->wake, &store->lock, &at);
}

// Signals belong to the loop; and a Redis that hangs up must not end the program by SIGPIPE.
static void block_signals(void) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, NULL);
}

static void *store_main(void *arg) {
  Store *store = arg;
  block_signals();
  int64_t tidy_at = clock_now_us() + TIDY_US;
  pthread_mutex_lock(&store->lock);
  for (;;) {
    wait_for_turn(store);
    int64_t now = clock_now_us();
    if (store->closing) fail_delayed(store);
    wake_delayed(store, now);
    StoreJob *batch = take_batch(store);
    if (!batch && store->closing) break;
    if (!batch && now < tidy_at) {
      sleep_until_work(store, tidy_at);
      continue;
    }
    store->busy = true;
    pthread_mutex_unlock(&store->lock);
    if (now >= tidy_at) {
      if (store->backend->tidy) store->backend->tidy(store->self);
      tidy_at = now + TIDY_US;
    }
    run_batch(store, batch);
    pthread_mutex_lock(&store->lock);
  }
  pthread_mutex_unlock(&store->lock);
  return NULL;
}

static bool call_is_right(const StoreCall *call, Err *err) {
  if (call->key.len == 0 || call->key.len > STORE_KEY_MAX)
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

// One allocation holds the job, the reply and copies of all that was given.
// NULL for a call that is none, and without memory.
static StoreJob *job_new(const StoreCall *call, Err *err) {
  if (!call_is_right(call, err)) return NULL;
  StoreJob *job = malloc(sizeof(*job) + 2 + call->key.len + call->value.len + call->expected.len);
  if (!job) {
    err_set(err, ERR_MEMORY, "store: no memory for a call");
    return NULL;
  }
  memset(job, 0, sizeof(*job));
  job->call = *call;
  char *at = job->bytes;
  memcpy(at, call->space == STORE_SCRIPT ? "s:" : "o:", 2);
  job->key = str_make(at, call->key.len + 2);
  at += 2;
  job->call.key = keep(&at, call->key);
  job->call.value = keep(&at, call->value);
  job->call.expected = keep(&at, call->expected);
  job->due_us = clock_now_us() + call->delay_ms * 1000;
  job->give_up_us = job->due_us + AWAY_US;
  return job;
}

// The job is the store's from now on.
static bool put(Store *store, StoreJob *job, Err *err) {
  pthread_mutex_lock(&store->lock);
  bool closing = store->closing;
  if (closing) {
    free(job);
  } else if (job->call.delay_ms > 0) {
    StoreJob **at = &store->delayed;
    while (*at && (*at)->due_us <= job->due_us) at = &(*at)->next;
    job->next = *at;
    *at = job;
  } else {
    queue_put(&store->ready, job);
  }
  pthread_cond_signal(&store->wake);
  pthread_mutex_unlock(&store->lock);
  return closing ? err_set(err, ERR_BUSY, "store: it is being closed") : true;
}

bool store_call(Store *store, const StoreCall *call, StoreDone done, void *ctx, Err *err) {
  StoreJob *job = job_new(call, err);
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

// Takes the backend for itself, unless others are before it.
static bool take_turn(Store *store) {
  pthread_mutex_lock(&store->lock);
  bool free = !store->busy && !store->ready.first && !store->closing;
  if (free) store->busy = true;
  pthread_mutex_unlock(&store->lock);
  return free;
}

StoreReply *store_call_wait(Store *store, const StoreCall *call, Err *err) {
  StoreJob *job = job_new(call, err);
  if (!job) return NULL;
  if (call->delay_ms == 0 && take_turn(store)) {
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

bool store_healthy(Store *store, Err *err) {
  pthread_mutex_lock(&store->lock);
  Err health = store->health;
  pthread_mutex_unlock(&store->lock);
  if (health.code != ERR_NONE && err) *err = health;
  return health.code == ERR_NONE;
}

const char *store_kind(const Store *store) { return store->backend->name; }

StoreShared store_shared(const Store *store) { return store->backend->shared; }

static bool start_thread(Store *store) {
  pthread_mutex_init(&store->lock, NULL);
  condition_init(&store->wake);
  if (pthread_create(&store->thread, NULL, store_main, store) == 0) return true;
  pthread_cond_destroy(&store->wake);
  pthread_mutex_destroy(&store->lock);
  return false;
}

static Store *open_with(const StoreBackend *backend, Str url, Err *err) {
  Store *store = calloc(1, sizeof(*store));
  if (!store) {
    err_set(err, ERR_MEMORY, "store: no memory");
    return NULL;
  }
  store->backend = backend;
  store->self = backend->open(url, err);
  if (store->self && start_thread(store)) return store;
  if (store->self) {
    backend->close(store->self);
    err_set(err, ERR_FAILED, "store: its thread cannot be started");
  }
  free(store);
  return NULL;
}

static bool has_scheme(const StoreBackend *backend, Str url) {
  for (const char *const *form = backend->forms; *form; form++) {
    if (str_starts(url, str_make(*form, strcspn(*form, ":") + 1))) return true;
  }
  return false;
}

void store_url_forms(Buf *out) {
  for (size_t i = 0; i < sizeof(backends) / sizeof(*backends); i++) {
    for (const char *const *form = backends[i]->forms; *form; form++) {
      if (out->len) buf_add(out, STR(", "));
      buf_add(out, str_of(*form));
    }
  }
}

static bool refuse_url(Err *err) {
  Buf forms;
  buf_init(&forms);
  store_url_forms(&forms);
  err_set(err, ERR_USAGE, "the URL is of no store: write one of %.*s", STR_FMT(buf_str(&forms)));
  buf_clear(&forms);
  return false;
}

// The backend whose URL this is, checked; NULL if it is no store's.
static const StoreBackend *backend_of(Str url, Err *err) {
  const StoreBackend *backend = NULL;
  for (size_t i = 0; !backend && i < sizeof(backends) / sizeof(*backends); i++) {
    if (has_scheme(backends[i], url)) backend = backends[i];
  }
  if (backend ? backend->check(url, err) : refuse_url(err)) return backend;
  return NULL;
}

bool store_url_check(Str url, Err *err) { return backend_of(url, err) != NULL; }

bool store_would_open(Str url, Err *err) {
  const StoreBackend *backend = backend_of(url, err);
  if (!backend) return err_wrap(err, "store");
  return !backend->probe || backend->probe(url, err);
}

Store *store_open(Str url, Err *err) {
  const StoreBackend *backend = backend_of(url, err);
  if (backend) return open_with(backend, url, err);
  err_wrap(err, "store");
  return NULL;
}

void store_close(Store *store) {
  if (!store) return;
  pthread_mutex_lock(&store->lock);
  store->closing = true;
  pthread_cond_signal(&store->wake);
  pthread_mutex_unlock(&store->lock);
  pthread_join(store->thread, NULL);
  store->backend->close(store->self);
  pthread_cond_destroy(&store->wake);
  pthread_mutex_destroy(&store->lock);
  free(store);
}
