// A core's batch is held while a line is put together: a flag, because who finds it set goes to the next core instead
// of waiting. With it, once a batch, the mutex of the queue is held for a few instructions.
#include "bot/batches.h"

#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/pages.h"

enum {
  SPARE_MAX = 2,  // empty batches that a core keeps: one is filled while one is written
  HOLD_LOOK_US = 50,
  FETCHED_LINES = 10  // of the cache
};

typedef struct {
  atomic_bool is_held;   // by the thread that uses what follows
  bool has_queued;       // a batch for which the writer was not woken yet
  _Atomic(char *) next;  // as `at`, for who does not hold the core; NULL at first
  char *at;              // what is free of the batch that is filled
  size_t left;
  Batch *filled;  // NULL: none
  size_t spares;
  Batch *spare;
  char apart[CACHE_LINE];  // keeps two cores out of one cache line
} Core;

struct Batches {
  atomic_bool is_spread;  // each core has its batch; else all share the first
  size_t most;
  char apart[CACHE_LINE];  // these are only read, mostly
  Core core[BATCH_CORES];
  pthread_mutex_t mutex;  // of the queue
  pthread_cond_t changed;
  Batch *first, **last;    // full, or taken early
  atomic_bool has_filled;  // a batch, since all lines were taken
  size_t quiet_looks;      // of the writer, in a row: no batch had been filled
  atomic_size_t waiting;   // bytes in the queue or with the writer
  atomic_int_least64_t ended_us;
};

Batches *batches_new(size_t most) {
  Batches *batches = calloc(1, sizeof *batches);
  if (!batches) return NULL;
  mutex_init_brief(&batches->mutex);
  condition_init(&batches->changed);
  batches->last = &batches->first;
  batches->most = most;
  return batches;
}

static void free_list(Batch *batch) {
  for (Batch *next; batch; batch = next) {
    next = batch->next;
    free(batch);
  }
}

void batches_free(Batches *batches) {
  if (!batches) return;
  for (Core *core = batches->core; core < batches->core + BATCH_CORES; core++) {
    free(core->filled);
    free_list(core->spare);
  }
  free_list(batches->first);
  pthread_cond_destroy(&batches->changed);
  pthread_mutex_destroy(&batches->mutex);
  free(batches);
}

// ---- holding ------------------------------------------------------------------------------------

static inline bool try_hold(Core *core) {
  return !atomic_exchange_explicit(&core->is_held, true, memory_order_acquire);
}

static inline void let_go(Core *core) {
  atomic_store_explicit(&core->is_held, false, memory_order_release);
}

// Any core but this one, at last this one too.
__attribute__((noinline)) static Core *hold_next(Batches *batches, size_t index) {
  for (size_t i = index + 1;; i++) {
    Core *core = &batches->core[i % BATCH_CORES];
    if (try_hold(core)) return core;
    if (i % BATCH_CORES == index) sched_yield();
  }
}

// For the writer. It sleeps meanwhile: the holder may have idle priority.
static void hold(Core *core) {
  while (!try_hold(core)) usleep(HOLD_LOOK_US);
}

// ---- filling ------------------------------------------------------------------------------------

// The core is held. The batch that was filled goes to the writer.
static void queue(Batches *batches, Core *core) {
  Batch *batch = core->filled;
  if (!batch) return;
  batch->len = (size_t)(core->at - batch->text);
  batch->next = NULL;
  atomic_fetch_add_explicit(&batches->waiting, batch->len, memory_order_relaxed);
  pthread_mutex_lock(&batches->mutex);
  *batches->last = batch;
  batches->last = &batch->next;
  pthread_mutex_unlock(&batches->mutex);
  core->filled = NULL;
  core->left = 0;
  core->has_queued = true;
}

static Batch *batch_new(Batches *batches, Core *core, size_t len) {
  size_t room = len <= BATCH_ROOM ? BATCH_ROOM : len;
  Batch *batch = room == BATCH_ROOM ? core->spare : NULL;
  if (batch) {
    core->spare = batch->next;
    core->spares--;
    return batch;
  }
  batch = malloc(sizeof *batch + room);
  if (batch) *batch = (Batch){ .core = (size_t)(core - batches->core), .room = room };
  return batch;
}

static void spread(Batches *batches) {
  atomic_store_explicit(&batches->has_filled, true, memory_order_relaxed);
  atomic_store_explicit(&batches->is_spread, true, memory_order_relaxed);
}

// Not inlined: most lines have room. False: the core has no batch now.
__attribute__((noinline)) static bool begin_batch(Batches *batches, Core *core, size_t len) {
  if (core->filled) spread(batches);
  queue(batches, core);
  bool is_full = atomic_load_explicit(&batches->waiting, memory_order_relaxed) > batches->most;
  core->filled = is_full ? NULL : batch_new(batches, core, len);
  if (!core->filled) return false;
  core->at = core->filled->text;
  core->left = core->filled->room;
  atomic_store_explicit(&core->next, core->at, memory_order_relaxed);
  return true;
}

// Wakes the writer when the core is free: it may run here at once.
static void close_core(Batches *batches, Core *core) {
  bool wakes = core->has_queued;
  core->has_queued = false;
  let_go(core);
  if (wakes) pthread_cond_signal(&batches->changed);
}

#ifdef __x86_64__
#define FETCHES_TO_WRITE __attribute__((target("prfchw")))
#else
#define FETCHES_TO_WRITE
#endif

// The batch may be another one by then, or end before: then memory is fetched in vain.
FETCHES_TO_WRITE void batches_expect(const Batches *batches, size_t index) {
  if (!atomic_load_explicit(&batches->is_spread, memory_order_relaxed)) index = 0;
  uintptr_t at = (uintptr_t)atomic_load_explicit(&batches->core[index].next, memory_order_relaxed);
  if (!at) return;
#pragma GCC unroll 10
  for (size_t i = 0; i < FETCHED_LINES; i++)
    __builtin_prefetch((const void *)(at + i * CACHE_LINE), 1);
}

BatchPlace batches_open(Batches *batches, size_t index, size_t len) {
  if (!atomic_load_explicit(&batches->is_spread, memory_order_relaxed)) index = 0;
  Core *core = &batches->core[index];
  if (!try_hold(core)) core = hold_next(batches, index);
  if (len <= core->left || begin_batch(batches, core, len))
    return (BatchPlace){ core->at, (size_t)(core - batches->core) };
  close_core(batches, core);
  return (BatchPlace){ 0 };
}

void batches_close(Batches *batches, BatchPlace place, size_t len) {
  Core *core = &batches->core[place.core];
  core->at += len;
  core->left -= len;
  atomic_store_explicit(&core->next, core->at, memory_order_relaxed);
  close_core(batches, core);
}

// ---- the writer ---------------------------------------------------------------------------------

// With the mutex.
static void await_full(Batches *batches, int64_t until_us) {
  struct timespec until = clock_to_timespec(until_us);
  int failed = 0;
  while (!batches->first && !failed && !batches_ended_us(batches))
    failed = pthread_cond_timedwait(&batches->changed, &batches->mutex, &until);
}

// The core is held. What a load has filled stays allocated, and need not be resident.
static void give_back_pages(Core *core) {
  for (Batch *batch = core->spare; batch; batch = batch->next)
    pages_give_back(batch->text, batch->room);
  if (core->filled) pages_give_back(core->at, core->left);
}

// Returns whether the time of a load has just become long ago.
static bool note_quiet(Batches *batches) {
  bool filled = atomic_exchange_explicit(&batches->has_filled, false, memory_order_relaxed);
  if (!filled) atomic_store_explicit(&batches->is_spread, false, memory_order_relaxed);
  batches->quiet_looks = filled ? 0 : batches->quiet_looks + 1;
  return batches->quiet_looks == BATCH_QUIET_LOOKS;
}

// The lines of each core go into the queue behind those of its full batches.
static void queue_all(Batches *batches) {
  bool gives_back = note_quiet(batches);
  for (Core *core = batches->core; core < batches->core + BATCH_CORES; core++) {
    hold(core);
    if (gives_back) give_back_pages(core);
    if (core->filled && core->at > core->filled->text) queue(batches, core);
    core->has_queued = false;
    let_go(core);
  }
}

Batch *batches_take(Batches *batches, int64_t until_us) {
  pthread_mutex_lock(&batches->mutex);
  await_full(batches, until_us);
  pthread_mutex_unlock(&batches->mutex);
  if (clock_now_us() >= until_us || batches_ended_us(batches)) queue_all(batches);
  pthread_mutex_lock(&batches->mutex);
  Batch *first = batches->first;
  batches->first = NULL;
  batches->last = &batches->first;
  pthread_mutex_unlock(&batches->mutex);
  return first;
}

void batches_give_back(Batches *batches, Batch *batch) {
  Core *core = &batches->core[batch->core];
  atomic_fetch_sub_explicit(&batches->waiting, batch->len, memory_order_relaxed);
  hold(core);
  bool keeps = batch->room == BATCH_ROOM && core->spares < SPARE_MAX;
  if (keeps) {
    batch->next = core->spare;
    core->spare = batch;
    core->spares++;
  }
  let_go(core);
  if (!keeps) free(batch);
}

void batches_end(Batches *batches) {
  pthread_mutex_lock(&batches->mutex);
  atomic_store(&batches->ended_us, clock_now_us());
  pthread_cond_signal(&batches->changed);
  pthread_mutex_unlock(&batches->mutex);
}

int64_t batches_ended_us(const Batches *batches) { return atomic_load(&batches->ended_us); }
