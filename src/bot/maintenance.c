#include "bot/maintenance.h"

#include "base/clock.h"
#include "base/mutex.h"
#include "script/kept_answers.h"
#include "script/message.h"
#include "script/send_right.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
  TICK_MS = 200,
  LEARN_US = 5000 * 1000,
  // A tick goes on with what is due until one of these is reached: more follows after keep_look.
  DUE_US = 300 * 1000,
  SCRIPTS_MOST = 100,
  STAYS_MOST = 10  // runs that were put back: max_jobs are under way, or there is no memory
};

struct Maintenance {
  Kept kept;
  int64_t learn_us;
  pthread_t thread;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  bool stopping;
  bool has_owed;  // it has looked at all that was due
  // What this tick has gone on with.
  int64_t due_until_us;
  int scripts, stays;
};

static bool pause_for_a_tick(Maintenance *maintenance) {
  struct timespec until = clock_to_timespec(clock_now_us() + TICK_MS * 1000);
  pthread_mutex_lock(&maintenance->mutex);
  while (!maintenance->stopping &&
         pthread_cond_timedwait(&maintenance->changed, &maintenance->mutex, &until) == 0) {
  }
  bool go_on = !maintenance->stopping;
  pthread_mutex_unlock(&maintenance->mutex);
  return go_on;
}

static void tell_has_owed(Maintenance *maintenance) {
  pthread_mutex_lock(&maintenance->mutex);
  maintenance->has_owed = true;
  pthread_cond_broadcast(&maintenance->changed);
  pthread_mutex_unlock(&maintenance->mutex);
}

void maintenance_await_owed(Maintenance *maintenance, int64_t until_us) {
  struct timespec until = clock_to_timespec(until_us);
  pthread_mutex_lock(&maintenance->mutex);
  while (!maintenance->has_owed &&
         pthread_cond_timedwait(&maintenance->changed, &maintenance->mutex, &until) == 0) {
  }
  pthread_mutex_unlock(&maintenance->mutex);
}

static bool is_stopping(Maintenance *maintenance) {
  pthread_mutex_lock(&maintenance->mutex);
  bool stopping = maintenance->stopping;
  pthread_mutex_unlock(&maintenance->mutex);
  return stopping;
}

static bool has_done_enough(Maintenance *maintenance) {
  return maintenance->scripts >= SCRIPTS_MOST || maintenance->stays >= STAYS_MOST ||
         clock_now_us() >= maintenance->due_until_us || is_stopping(maintenance);
}

static bool go_on_with(void *ctx, Str key) {
  Maintenance *maintenance = ctx;
  if (has_done_enough(maintenance)) return false;
  Interpreter *interpreter = pool_pick(maintenance->kept.pool);
  DueState state = interpreter_run_due(interpreter, key);
  interpreter_release(interpreter);
  maintenance->scripts += state == DUE_RUNS;
  maintenance->stays += state == DUE_STAYS;
  return state == DUE_RUNS || state == DUE_PASSED;
}

static void end_conversation_of(Maintenance *maintenance, const KeepLeaver *leaver) {
  Interpreter *interpreter = pool_pick(maintenance->kept.pool);
  bool ended = interpreter_end_conversation(interpreter, buf_str(&leaver->openid), leaver->left_s,
                                            "unsubscribe");
  keep_leaver_done(maintenance->kept.keep, leaver, ended);
  interpreter_release(interpreter);
}

static void end_conversations_of_leavers(Maintenance *maintenance) {
  Keep *keep = maintenance->kept.keep;
  KeepLeaver leaver = { .left_s = 0 };
  buf_init(&leaver.openid);
  for (size_t left = keep_leavers(keep); left > 0 && keep_next_leaver(keep, &leaver); left--)
    end_conversation_of(maintenance, &leaver);
  buf_clear(&leaver.openid);
}

static void learn(Maintenance *maintenance) {
  const Kept *kept = &maintenance->kept;
  int64_t now_us = clock_now_us();
  if (kept->shared->kept) kept_answers_refresh(kept->shared->kept);
  if (now_us < maintenance->learn_us || store_company(kept->store) == STORE_ALONE) return;
  maintenance->learn_us = now_us + LEARN_US;
  send_right_learn(kept->store, kept->account, kept->shared);
}

// Goes on with what is due. A user's messages come together, in their order. After a start it looks at all that the
// store has.
static void go_on_with_due(Maintenance *maintenance) {
  Keep *keep = maintenance->kept.keep;
  bool more = true;
  maintenance->scripts = maintenance->stays = 0;
  maintenance->due_until_us = clock_now_us() + DUE_US;
  while (more && !has_done_enough(maintenance))
    more = keep_due(keep, go_on_with, maintenance) ||
           (!maintenance->has_owed && !keep_due_rests(keep));
  if (!more && !maintenance->has_owed) tell_has_owed(maintenance);
}

static void *run(void *arg) {
  Maintenance *maintenance = arg;
  pthread_setname_np(pthread_self(), "maintenance");
  do {
    keep_look(maintenance->kept.keep);
    end_conversations_of_leavers(maintenance);
    go_on_with_due(maintenance);
    learn(maintenance);
  } while (pause_for_a_tick(maintenance));
  return NULL;
}

Maintenance *maintenance_start(const Kept *kept, Err *err) {
  Maintenance *maintenance = calloc(1, sizeof *maintenance);
  if (!maintenance) {
    err_set(err, ERR_MEMORY, "no memory");
    return NULL;
  }
  maintenance->kept = *kept;
  pthread_mutex_init(&maintenance->mutex, NULL);
  condition_init(&maintenance->changed);
  int failed = pthread_create(&maintenance->thread, NULL, run, maintenance);
  if (!failed) return maintenance;
  err_set(err, ERR_FAILED, "cannot start the thread that looks after the interpreters: %s",
          strerror(failed));
  pthread_cond_destroy(&maintenance->changed);
  pthread_mutex_destroy(&maintenance->mutex);
  free(maintenance);
  return NULL;
}

void maintenance_stop(Maintenance *maintenance) {
  if (!maintenance) return;
  pthread_mutex_lock(&maintenance->mutex);
  maintenance->stopping = true;
  pthread_cond_broadcast(&maintenance->changed);
  pthread_mutex_unlock(&maintenance->mutex);
  pthread_join(maintenance->thread, NULL);
  pthread_cond_destroy(&maintenance->changed);
  pthread_mutex_destroy(&maintenance->mutex);
  free(maintenance);
}
