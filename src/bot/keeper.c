#include "bot/keeper.h"

#include "base/clock.h"
#include "base/mutex.h"
#include "script/message.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { TICK_MS = 200, AT_ONCE = 100 };

struct Keeper {
  Keep *keep;
  Pool *pool;
  pthread_t thread;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  bool stopping;
};

static bool pause_for_a_tick(Keeper *keeper) {
  struct timespec until = clock_to_timespec(clock_now_us() + TICK_MS * 1000);
  pthread_mutex_lock(&keeper->mutex);
  while (!keeper->stopping &&
         pthread_cond_timedwait(&keeper->changed, &keeper->mutex, &until) == 0) {
  }
  bool go_on = !keeper->stopping;
  pthread_mutex_unlock(&keeper->mutex);
  return go_on;
}

static void go_on_with(Keeper *keeper, Str key) {
  Interpreter *interpreter = pool_pick(keeper->pool);
  interpreter_run_due(interpreter, key);
  interpreter_release(interpreter);
}

static void *run(void *arg) {
  Keeper *keeper = arg;
  Buf key;
  buf_init(&key);
  do {
    keep_look(keeper->keep);
    for (int i = 0; i < AT_ONCE && keep_due(keeper->keep, &key); i++)
      go_on_with(keeper, buf_str(&key));
  } while (pause_for_a_tick(keeper));
  buf_clear(&key);
  return NULL;
}

Keeper *keeper_start(Keep *keep, Pool *pool, Err *err) {
  Keeper *keeper = calloc(1, sizeof *keeper);
  if (!keeper) {
    err_set(err, ERR_MEMORY, "no memory");
    return NULL;
  }
  keeper->keep = keep;
  keeper->pool = pool;
  pthread_mutex_init(&keeper->mutex, NULL);
  condition_init(&keeper->changed);
  int failed = pthread_create(&keeper->thread, NULL, run, keeper);
  if (!failed) return keeper;
  err_set(err, ERR_FAILED, "cannot start the keeper's thread: %s", strerror(failed));
  pthread_cond_destroy(&keeper->changed);
  pthread_mutex_destroy(&keeper->mutex);
  free(keeper);
  return NULL;
}

void keeper_stop(Keeper *keeper) {
  if (!keeper) return;
  pthread_mutex_lock(&keeper->mutex);
  keeper->stopping = true;
  pthread_cond_broadcast(&keeper->changed);
  pthread_mutex_unlock(&keeper->mutex);
  pthread_join(keeper->thread, NULL);
  pthread_cond_destroy(&keeper->changed);
  pthread_mutex_destroy(&keeper->mutex);
  free(keeper);
}
