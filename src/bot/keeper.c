#include "bot/keeper.h"

#include "base/clock.h"
#include "base/mutex.h"
#include "script/kept_answers.h"
#include "script/message.h"
#include "script/send_right.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { TICK_MS = 200, AT_ONCE = 100, LEARN_US = 5000 * 1000 };

struct Keeper {
  Kept kept;
  int64_t learn_us;
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
  Interpreter *interpreter = pool_pick(keeper->kept.pool);
  interpreter_run_due(interpreter, key);
  interpreter_release(interpreter);
}

static void learn(Keeper *keeper) {
  const Kept *kept = &keeper->kept;
  int64_t now_us = clock_now_us();
  if (kept->shared->kept) kept_answers_refresh(kept->shared->kept);
  if (now_us < keeper->learn_us || store_company(kept->store) == STORE_ALONE) return;
  keeper->learn_us = now_us + LEARN_US;
  send_right_learn(kept->store, kept->account, kept->shared);
}

static int compare_keys(const void *a, const void *b) {
  return str_compare(buf_str(a), buf_str(b));
}

// Goes on with what is due. The keys of one user's owed answers differ in their MsgIds, which grow: sorted, the answers
// take their places in the order of the messages.
static void go_on_in_order(Keeper *keeper) {
  Buf keys[AT_ONCE] = { 0 };
  size_t count = 0;
  while (count < AT_ONCE && keep_due(keeper->kept.keep, &keys[count])) count++;
  qsort(keys, count, sizeof *keys, compare_keys);
  for (size_t i = 0; i < count; i++) go_on_with(keeper, buf_str(&keys[i]));
  for (size_t i = 0; i < AT_ONCE; i++) buf_clear(&keys[i]);
}

static void *run(void *arg) {
  Keeper *keeper = arg;
  pthread_setname_np(pthread_self(), "keeper");
  do {
    keep_look(keeper->kept.keep);
    learn(keeper);
    go_on_in_order(keeper);
  } while (pause_for_a_tick(keeper));
  return NULL;
}

Keeper *keeper_start(const Kept *kept, Err *err) {
  Keeper *keeper = calloc(1, sizeof *keeper);
  if (!keeper) {
    err_set(err, ERR_MEMORY, "no memory");
    return NULL;
  }
  keeper->kept = *kept;
  pthread_mutex_init(&keeper->mutex, NULL);
  condition_init(&keeper->changed);
  int failed = pthread_create(&keeper->thread, NULL, run, keeper);
  if (!failed) return keeper;
  err_set(err, ERR_FAILED, "cannot start the thread that looks after the interpreters: %s",
          strerror(failed));
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
