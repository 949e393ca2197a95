// The watcher's threads. There are several because a load takes as long as the script's on_load, and deadlines must not
// wait for a load.
#include "bot/watch.h"

#include "base/mutex.h"
#include "base/clock.h"
#include "base/log.h"
#include "bot/file_watch.h"
#include "bot/memory_watch.h"
#include "bot/run.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum {
  WATCH_THREADS = 3,
  SWEEPS = 5  // of dedupe at a tick: over 30,000 messages a second
};

struct Watch {
  Pool *pool;
  Watched watched;
  MemoryWatch *memory;
  FileWatch *files;      // NULL: files are not watched
  char complained[480];  // the last error that replace_stuck logged, to log it once
  pthread_t threads[WATCH_THREADS];
  int running;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  bool stopping;
  PoolStuck stuck[];
};

static void reload(Watch *watch) {
  Err err = { 0 };
  int64_t began_us = clock_now_us();
  if (pool_reload(watch->pool, &err)) {
    log_info("reloaded in %.1f ms: a script file changed",
             (double)(clock_now_us() - began_us) / 1000);
  } else {
    log_error("not reloaded, the previous version stays in service: %s", err.text);
  }
}

static void log_given_up(const PoolStuck *stuck) {
  char ended[80] = "", go_on[80] = "";
  const TaskLosses *losses = &stuck->losses;
  if (losses->ended)
    snprintf(ended, sizeof ended, "; %zu of its tasks that waited ended with it", losses->ended);
  if (losses->go_on)
    snprintf(go_on, sizeof go_on, "; %zu of its tasks that waited go on from the store",
             losses->go_on);
  LogSubject before = log_about(stuck->subject);
  log_error("the script was stuck at %s in a call that nothing can interrupt; it was given up "
            "and a fresh interpreter serves%s%s",
            stuck->place[0] ? stuck->place : "an unknown place", ended, go_on);
  log_about(before);
}

static void replace_stuck(Watch *watch, size_t index) {
  PoolStuck *stuck = &watch->stuck[index];
  Err err = { 0 };
  if (pool_replace_stuck(watch->pool, index, stuck, &err)) {
    log_given_up(stuck);
    run_pass_given_up(watch->watched.webhook);
    *stuck = (PoolStuck){ 0 };
    watch->complained[0] = '\0';
  } else if (err.code != ERR_NONE &&
             strncmp(watch->complained, err.text, sizeof watch->complained - 1) != 0) {
    log_error("the script is stuck at %s and no fresh interpreter can be created: %s",
              stuck->place[0] ? stuck->place : "an unknown place", err.text);
    snprintf(watch->complained, sizeof watch->complained, "%s", err.text);
  }
}

static bool pause_for_a_tick(Watch *watch) {
  struct timespec until = clock_to_timespec(clock_now_us() + WATCH_TICK_MS * 1000);
  pthread_mutex_lock(&watch->mutex);
  while (!watch->stopping && pthread_cond_timedwait(&watch->changed, &watch->mutex, &until) == 0) {
  }
  bool go_on = !watch->stopping;
  pthread_mutex_unlock(&watch->mutex);
  return go_on;
}

static void *run_rescuer(void *arg) {
  Watch *watch = arg;
  const Watched *watched = &watch->watched;
  while (pause_for_a_tick(watch)) {
    int64_t now_us = clock_now_us();
    overdue_answer_due(watched->overdue, now_us);
    if (watched->peers) peers_look(watched->peers);
    pool_balance(watched->pool);
    if (watched->peers) peers_renew(watched->peers, now_us);
    if (watched->leader) timer_leader_look(watched->leader, now_us);
    if (watched->notices) notices_look(watched->notices, now_us);
  }
  return NULL;
}

static bool is_stopping(Watch *watch) {
  pthread_mutex_lock(&watch->mutex);
  bool stopping = watch->stopping;
  pthread_mutex_unlock(&watch->mutex);
  return stopping;
}

// Neither a stuck interpreter nor the end waits until all that has expired is gone.
static void sweep_dedupe(Watch *watch) {
  int64_t now_us = clock_now_us();
  bool more = true;
  for (int i = 0; i < SWEEPS && more && !is_stopping(watch); i++)
    more = dedupe_sweep(watch->watched.dedupe, now_us);
}

// Replaces interpreters that are stuck or full, while another thread may load the script.
static void *run_replacer(void *arg) {
  Watch *watch = arg;
  pthread_setname_np(pthread_self(), "wemoon-replace");
  while (pause_for_a_tick(watch)) {
    for (size_t index = 0; index < pool_count(watch->pool); index++) replace_stuck(watch, index);
    memory_watch_look(watch->memory, clock_now_us());
    pool_sweep(watch->pool);
    sweep_dedupe(watch);
  }
  return NULL;
}

// Checks the files again right after a load, because a link that is turned to an older file shows no time of the
// change.
static void *run_loader(void *arg) {
  Watch *watch = arg;
  while (pause_for_a_tick(watch)) {
    if (!watch->files || !file_watch_changed(watch->files)) continue;
    reload(watch);
    file_watch_changed(watch->files);
  }
  return NULL;
}

static void tell_to_stop(Watch *watch) {
  pthread_mutex_lock(&watch->mutex);
  watch->stopping = true;
  pthread_cond_broadcast(&watch->changed);
  pthread_mutex_unlock(&watch->mutex);
}

static void stop_threads(Watch *watch) {
  tell_to_stop(watch);
  while (watch->running > 0) pthread_join(watch->threads[--watch->running], NULL);
}

// Returns 0, or the error number, and then no thread runs.
static int start_threads(Watch *watch) {
  void *(*const run[WATCH_THREADS])(void *) = { run_rescuer, run_replacer, run_loader };
  pthread_attr_t attr;
  int failed = 0;
  pthread_attr_init(&attr);
  pthread_attr_setstacksize(&attr, 4 * 1024 * 1024);  // scripts are loaded on them
  while (!failed && watch->running < WATCH_THREADS) {
    failed = pthread_create(&watch->threads[watch->running], &attr, run[watch->running], watch);
    watch->running += !failed;
  }
  pthread_attr_destroy(&attr);
  if (failed) stop_threads(watch);
  return failed;
}

static void watch_free(Watch *watch) {
  memory_watch_free(watch->memory);
  file_watch_free(watch->files);
  pthread_cond_destroy(&watch->changed);
  pthread_mutex_destroy(&watch->mutex);
  free(watch);
}

Watch *watch_start(const Watched *watched, Err *err) {
  Watch *watch = calloc(1, sizeof *watch + pool_count(watched->pool) * sizeof *watch->stuck);
  if (!watch) {
    err_set(err, ERR_MEMORY, "no memory");
    return NULL;
  }
  watch->pool = watched->pool;
  watch->watched = *watched;
  watch->files = watched->files ? file_watch_new(watched->pool) : NULL;
  watch->memory = memory_watch_new(watched->pool, watched->shared);
  condition_init(&watch->changed);
  pthread_mutex_init(&watch->mutex, NULL);
  bool ready = watch->memory && (!watched->files || watch->files);
  int failed = ready ? start_threads(watch) : ENOMEM;
  if (!failed) return watch;
  err_set(err, ERR_FAILED, "cannot start the watcher's threads: %s", strerror(failed));
  watch_free(watch);
  return NULL;
}

void watch_stop(Watch *watch) {
  if (!watch) return;
  stop_threads(watch);
  watch_free(watch);
}
