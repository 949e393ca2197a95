// The interpreters in service and their successors.
#include "bot/pool.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "bot/bot_metrics.h"
#include "script/conversation.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum {
  OLD_LOADS_MAX = 8  // loads out of service whose conversations continue
};

struct Pool {
  const char *script;
  const InterpreterOptions *options;
  size_t count;
  Metrics *metrics;
  pthread_mutex_t loading;     // held by one pool_reload at a time
  Interpreter **fresh;         // `count` of them, during a reload
  pthread_mutex_t mutex;       // of the fields below
  Interpreter **interpreters;  // `count` of them; NULL before the first load
  size_t turn;                 // the index that is asked first for the next message
  Interpreter *failed;         // the last failed load, kept for the list of its files
  PoolStatus status;
  void (*on_load)(void *ctx, const char *error);
  void *on_load_ctx;
};

// ---- loading ------------------------------------------------------------------------------------

static void note_beginning(Pool *pool) {
  pthread_mutex_lock(&pool->mutex);
  clock_gettime(CLOCK_REALTIME_COARSE, &pool->status.began);
  pthread_mutex_unlock(&pool->mutex);
}

static void note_outcome(Pool *pool, Interpreter *failed, const Err *err) {
  pthread_mutex_lock(&pool->mutex);
  Interpreter *old = pool->failed;
  pool->failed = failed;
  if (failed) pool->status.failures++;
  else pool->status.loads++;
  snprintf(pool->status.error, sizeof pool->status.error, "%s", failed ? err->text : "");
  pthread_mutex_unlock(&pool->mutex);
  if (old) interpreter_release(old);
  bot_metrics_reload(pool->metrics, !failed);
  if (pool->on_load) pool->on_load(pool->on_load_ctx, failed ? err->text : NULL);
}

// Returns a new interpreter with the script loaded, not yet started; loads the sources of `like` if that is not NULL.
static Interpreter *load(Pool *pool, size_t index, Interpreter *like, Err *err) {
  InterpreterOptions options = *pool->options;
  options.timers_elsewhere = index > 0;
  Interpreter *interpreter = interpreter_new(&options, err);
  if (!interpreter) return NULL;
  bool ok = like ? interpreter_load_like(interpreter, like, pool->script, err)
                 : interpreter_load(interpreter, pool->script, err);
  if (ok) return interpreter;
  note_outcome(pool, interpreter, err);
  return NULL;
}

// Starts an interpreter; with `hand_over` it gets the result of on_unload of the interpreter at its index.
static bool start(Pool *pool, size_t index, Interpreter **fresh, bool hand_over, Err *err) {
  Buf state;
  buf_init(&state);
  Interpreter *old = hand_over ? pool_get(pool, index) : NULL;
  if (old) interpreter_unload(old, &state);
  interpreter_release(old);
  bool ok = interpreter_start(*fresh, buf_str(&state), err);
  buf_clear(&state);
  if (ok) return true;
  note_outcome(pool, *fresh, err);
  *fresh = NULL;
  return false;
}

// Loads and starts all interpreters. The first index starts last, because its timers run once it has started.
static bool load_all(Pool *pool, bool hand_over, Err *err) {
  note_beginning(pool);
  for (size_t index = 0; index < pool->count; index++) {
    if (!(pool->fresh[index] = load(pool, index, NULL, err))) return false;
  }
  for (size_t index = pool->count; index-- > 0;) {
    if (!start(pool, index, &pool->fresh[index], hand_over, err)) return false;
  }
  return true;
}

// Exchanges the existing fresh interpreters with those in service.
static void change_places(Pool *pool) {
  pthread_mutex_lock(&pool->mutex);
  for (size_t index = 0; index < pool->count; index++) {
    Interpreter *fresh = pool->fresh[index];
    if (!fresh) continue;
    pool->fresh[index] = pool->interpreters[index];
    pool->interpreters[index] = fresh;
  }
  pthread_mutex_unlock(&pool->mutex);
}

static void take_over(Pool *pool) {
  change_places(pool);
  note_outcome(pool, NULL, NULL);
}

static void limit_old(Pool *pool) {
  if (pool->options->shared && pool->options->shared->conversations)
    conversations_limit_old(pool->options->shared->conversations, OLD_LOADS_MAX * (int)pool->count);
}

// Retires and releases what a load leaves: the old interpreters or, after a failure, the fresh ones.
static void let_go(Pool *pool, Interpreter **interpreters) {
  for (size_t index = 0; index < pool->count; index++) {
    if (!interpreters[index]) continue;
    interpreter_retire(interpreters[index]);
    interpreter_release(interpreters[index]);
    interpreters[index] = NULL;
  }
  limit_old(pool);
}

static bool load_and_take_over(Pool *pool, bool hand_over, Err *err) {
  bool ok = load_all(pool, hand_over, err);
  if (ok) take_over(pool);
  let_go(pool, pool->fresh);
  return ok;
}

bool pool_reload(Pool *pool, Err *err) {
  pthread_mutex_lock(&pool->loading);
  bool ok = load_and_take_over(pool, true, err);
  pthread_mutex_unlock(&pool->loading);
  return ok;
}

// Loads and starts an interpreter (`like` as in load), without changing the outcome of the last load in the status.
static Interpreter *load_like(Pool *pool, size_t index, Interpreter *like, Err *err) {
  Interpreter *fresh = load(pool, index, like, err);
  if (fresh) start(pool, index, &fresh, false, err);
  return fresh;
}

// Puts `fresh` in the place of `before` and retires the other. Returns false if `before` is not in service any more,
// because a load under way has replaced it.
static bool take_place(Pool *pool, size_t index, Interpreter *before, Interpreter *fresh) {
  pthread_mutex_lock(&pool->mutex);
  bool there = pool->interpreters[index] == before;
  if (there) pool->interpreters[index] = fresh;
  pthread_mutex_unlock(&pool->mutex);
  Interpreter *left = there ? before : fresh;
  interpreter_retire(left);
  interpreter_release(left);
  limit_old(pool);
  return there;
}

static bool is_loading(Pool *pool) {
  if (pthread_mutex_trylock(&pool->loading) != 0) return true;
  pthread_mutex_unlock(&pool->loading);
  return false;
}

// Loads the successor of a given-up interpreter. While another load is under way, which may take long, uses the sources
// of `before`.
static Interpreter *load_successor(Pool *pool, size_t index, Interpreter *before, Err *err) {
  bool loading = is_loading(pool);
  Interpreter *fresh = load_like(pool, index, loading ? before : NULL, err);
  if (fresh && !loading) note_outcome(pool, NULL, NULL);
  if (fresh || loading) return fresh;
  fresh = load_like(pool, index, before, err);
  if (fresh)
    log_error(
        "the script's files do not load as they are now; their previous version is in service");
  return fresh;
}

// Replaces `before` without waiting for a load under way.
static bool replace(Pool *pool, size_t index, Interpreter *before, Err *err) {
  Interpreter *fresh = load_successor(pool, index, before, err);
  return fresh && take_place(pool, index, before, fresh);
}

bool pool_replace_stuck(Pool *pool, size_t index, PoolStuck *stuck, Err *err) {
  Interpreter *in = pool_get(pool, index);
  bool replaced = false;
  bool is_stuck = interpreter_is_stuck(in, stuck->place, sizeof stuck->place);
  if (is_stuck || interpreter_is_given_up(in)) {
    if (!stuck->subject.openid.len) stuck->subject = interpreter_subject(in, stuck->subject_text);
    interpreter_give_up(in);
    stuck->losses = interpreter_losses(in);
    replaced = replace(pool, index, in, err);
  }
  interpreter_release(in);
  return replaced;
}

bool pool_replace_full(Pool *pool, size_t index, Interpreter *full, Err *err) {
  Interpreter *in = pool_get(pool, index);
  bool replaced = in == full && replace(pool, index, full, err);
  interpreter_release(in);
  return replaced;
}

// ---- creation and end ---------------------------------------------------------------------------

static bool make_lists(Pool *pool, Err *err) {
  pool->fresh = calloc(pool->count, sizeof *pool->fresh);
  pool->interpreters = calloc(pool->count, sizeof *pool->interpreters);
  return pool->fresh && pool->interpreters ? true : err_set(err, ERR_MEMORY, "no memory");
}

static Pool *make_pool(const char *script, const InterpreterOptions *options, size_t count,
                       Metrics *metrics, Err *err) {
  Pool *pool = calloc(1, sizeof *pool);
  if (!pool) {
    err_set(err, ERR_MEMORY, "no memory");
    return NULL;
  }
  pool->script = script;
  pool->options = options;
  pool->count = count;
  pool->metrics = metrics;
  pthread_mutex_init(&pool->loading, NULL);
  mutex_init_brief(&pool->mutex);
  if (make_lists(pool, err)) return pool;
  pool_free(pool);
  return NULL;
}

// Puts an embedded stand-in program at every index, without changing the outcome of the last load in the status.
static bool stand_in(Pool *pool, Err *err) {
  InterpreterOptions options = *pool->options;
  options.program = "bot/stand_in.lua";
  for (size_t index = 0; index < pool->count; index++) {
    Interpreter *interpreter = interpreter_new(&options, err);
    if (!interpreter) return false;
    pool->interpreters[index] = interpreter;
    if (!interpreter_load(interpreter, pool->script, err)) return false;
  }
  return true;
}

Pool *pool_new(const char *script, const InterpreterOptions *options, size_t count,
               bool start_broken, Metrics *metrics, Err *err) {
  Pool *pool = make_pool(script, options, count, metrics, err);
  if (!pool || load_and_take_over(pool, false, err)) return pool;
  if (start_broken && err->code == ERR_FAILED && stand_in(pool, err)) return pool;
  pool_free(pool);
  return NULL;
}

void pool_listen(Pool *pool, void (*on_load)(void *ctx, const char *error), void *ctx) {
  pool->on_load = on_load;
  pool->on_load_ctx = ctx;
}

static void unload(Pool *pool) {
  for (size_t index = 0; index < pool->count && pool->interpreters[index]; index++) {
    Buf state;
    buf_init(&state);
    interpreter_unload(pool->interpreters[index], &state);
    buf_clear(&state);
  }
}

void pool_free(Pool *pool) {
  if (!pool) return;
  if (pool->interpreters) {
    unload(pool);
    for (size_t i = 0; i < pool->count; i++) {
      if (pool->interpreters[i]) interpreter_end_tasks(pool->interpreters[i]);
    }
    let_go(pool, pool->interpreters);
  }
  if (pool->fresh) let_go(pool, pool->fresh);
  if (pool->failed) interpreter_release(pool->failed);
  free(pool->interpreters);
  free(pool->fresh);
  pthread_mutex_destroy(&pool->mutex);
  pthread_mutex_destroy(&pool->loading);
  free(pool);
}

// ---- choice of an interpreter -------------------------------------------------------------------

size_t pool_count(const Pool *pool) { return pool->count; }

Interpreter *pool_get(Pool *pool, size_t index) {
  pthread_mutex_lock(&pool->mutex);
  Interpreter *interpreter = interpreter_retain(pool->interpreters[index]);
  pthread_mutex_unlock(&pool->mutex);
  return interpreter;
}

// Returns the least busy interpreter. The search begins at the next index each time, so that two messages that arrive
// together do not choose the same free one.
static Interpreter *least_busy(Pool *pool) {
  Interpreter *best = NULL;
  int least = INT_MAX;
  size_t index = pool->turn;
  for (size_t i = 0; i < pool->count && least > 0; i++, index++) {
    if (index == pool->count) index = 0;
    int queue = interpreter_queue(pool->interpreters[index]);
    if (best && queue >= least) continue;
    best = pool->interpreters[index];
    least = queue;
  }
  pool->turn = pool->turn + 1 < pool->count ? pool->turn + 1 : 0;
  return best;
}

Interpreter *pool_pick(Pool *pool) {
  if (pool->count == 1) return pool_get(pool, 0);
  pthread_mutex_lock(&pool->mutex);
  Interpreter *interpreter = interpreter_retain(least_busy(pool));
  pthread_mutex_unlock(&pool->mutex);
  return interpreter;
}

void pool_sweep(Pool *pool) {
  if (pool->options->shared && pool->options->shared->conversations)
    conversations_sweep(pool->options->shared->conversations);
}

// Returns the interpreter with the most waiting messages, retained for the caller; NULL if no message waits, or no
// other interpreter is free.
static Interpreter *to_relieve(Pool *pool, int *longest) {
  Interpreter *busy = NULL;
  bool any_free = false;
  *longest = 1;
  pthread_mutex_lock(&pool->mutex);
  for (size_t index = 0; index < pool->count; index++) {
    int queue = interpreter_queue(pool->interpreters[index]);
    any_free = any_free || queue == 0;
    if (queue <= *longest || queue == INT_MAX) continue;
    busy = pool->interpreters[index];
    *longest = queue;
  }
  if (busy && any_free) interpreter_retain(busy);
  pthread_mutex_unlock(&pool->mutex);
  return any_free ? busy : NULL;
}

void pool_balance(Pool *pool) {
  int longest;
  Interpreter *busy = pool->count > 1 ? to_relieve(pool, &longest) : NULL;
  if (!busy) return;
  interpreter_give_turns_away(busy, (size_t)(longest + 1) / 2);
  interpreter_release(busy);
}

void pool_wake(Pool *pool) {
  for (size_t index = 0; index < pool->count; index++) {
    Interpreter *interpreter = pool_get(pool, index);
    interpreter_wake(interpreter);
    interpreter_release(interpreter);
  }
}

bool pool_is_quiet(Pool *pool) {
  bool quiet = true;
  for (size_t index = 0; quiet && index < pool->count; index++) {
    Interpreter *interpreter = pool_get(pool, index);
    quiet = interpreter_queue(interpreter) == 0;
    interpreter_release(interpreter);
  }
  return quiet;
}

int64_t pool_next_timer_us(Pool *pool) {
  int64_t next_us = INT64_MAX;
  for (size_t index = 0; index < pool->count; index++) {
    Interpreter *interpreter = pool_get(pool, index);
    int64_t due_us = interpreter_next_timer_us(interpreter);
    if (due_us < next_us) next_us = due_us;
    interpreter_release(interpreter);
  }
  return next_us;
}

// ---- status -------------------------------------------------------------------------------------

bool pool_files(Pool *pool, Arena *arena, Pairs *files) {
  pthread_mutex_lock(&pool->mutex);
  bool ok = !pool->failed || interpreter_files(pool->failed, arena, files);
  for (size_t index = 0; index < pool->count && ok; index++) {
    ok = interpreter_files(pool->interpreters[index], arena, files);
  }
  pthread_mutex_unlock(&pool->mutex);
  return ok;
}

void pool_status(Pool *pool, PoolStatus *status) {
  pthread_mutex_lock(&pool->mutex);
  *status = pool->status;
  for (size_t index = 0; index < pool->count; index++) {
    size_t memory = interpreter_memory(pool->interpreters[index]);
    status->memory += memory;
    if (memory > status->memory_max) status->memory_max = memory;
  }
  pthread_mutex_unlock(&pool->mutex);
}
