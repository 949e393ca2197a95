// One object for each waiting request. A wait begins on an HTTP thread; everything after that runs on the loop.
#include "bot/waiting.h"

#include "base/clock.h"
#include "base/log.h"
#include "bot/run.h"

#include <stdlib.h>

typedef struct {
  JobWaiter waiter;  // first
  LoopCall call;
  Callback callback;
  Job *job;
  LoopTimer *timer;
  bool left;  // it has left the job, and is held until the client closes the connection
  char type[ANSWER_TYPE_MAX];
} Waiting;

// ---- end ----------------------------------------------------------------------------------------

// Ends the wait after the request was answered or its connection closed.
static void end(Waiting *waiting) {
  Webhook *webhook = waiting->callback.webhook;
  loop_timer_stop(waiting->timer);
  LogSubject before = answer_begin_lines(&waiting->callback);
  answer_tell(&waiting->callback);
  log_about(before);
  job_release(waiting->job);
  free(waiting);
  admission_leave(&webhook->admission, ADMIT_WAITING);
}

static void end_unanswered(Waiting *waiting) {
  answer_nothing(&waiting->callback);
  end(waiting);
}

// On the loop: the job has its answer.
static void answer(void *ctx) {
  Waiting *waiting = ctx;
  Callback *c = &waiting->callback;
  LogSubject before = answer_begin_lines(c);
  c->w = workspace_get(c->webhook->workspaces);
  if (c->w) answer_job(c, waiting->job);
  else answer_nothing(c);
  workspace_put(c->webhook->workspaces, c->w);
  c->place = waiting->job->place;
  end(waiting);
  log_about(before);
}

static void on_answered(JobWaiter *waiter) {
  Waiting *waiting = (Waiting *)waiter;
  loop_call(waiting->callback.webhook->options->loop, &waiting->call, answer, waiting);
}

// ---- deadline -----------------------------------------------------------------------------------

static void set_timer(Waiting *waiting, int64_t due_us, LoopFn fn) {
  int64_t left_us = due_us - clock_now_us();
  waiting->timer = loop_timer(waiting->callback.webhook->options->loop,
                              left_us > 0 ? (left_us + 999) / 1000 : 0, 0, fn, waiting);
}

static void on_held_long(void *ctx) {
  Waiting *waiting = ctx;
  waiting->timer = NULL;
  end_unanswered(waiting);
}

// Holds the request open until its client closes the connection and tries again.
static void hold(Waiting *waiting) {
  Callback *c = &waiting->callback;
  if (parked_state(c->parked) != PARKED_OPEN) return end_unanswered(waiting);
  waiting->left = true;
  set_timer(waiting, c->received_us + WAITING_HELD_MS * 1000, on_held_long);
  if (!waiting->timer) end_unanswered(waiting);
}

static void on_deadline(void *ctx) {
  Waiting *waiting = ctx;
  waiting->timer = NULL;
  bool retry = answer_awaits_retry(&waiting->callback, waiting->job);
  if (!job_leave(waiting->job, &waiting->waiter, retry ? JOB_HELD : JOB_ANSWERED_BEFORE)) return;
  if (retry) return hold(waiting);
  answer_owed(&waiting->callback, waiting->job);
  end(waiting);
}

// The message is put into the store shortly before its request is answered without it.
static void on_near_deadline(void *ctx) {
  Waiting *waiting = ctx;
  waiting->timer = NULL;
  run_owe(waiting->job);
  set_timer(waiting, waiting->callback.deadline_us, on_deadline);
  if (!waiting->timer) on_deadline(waiting);
}

// Only a message whose script has not begun is to be owed here: one that has begun sees to that itself.
static void set_first_timer(Waiting *waiting) {
  int64_t deadline_us = waiting->callback.deadline_us;
  if (atomic_load(&waiting->job->run))
    set_timer(waiting, deadline_us - RUN_OWE_BEFORE_US, on_near_deadline);
  else set_timer(waiting, deadline_us, on_deadline);
}

// ---- client -------------------------------------------------------------------------------------

static void on_changed(void *ctx) {
  Waiting *waiting = ctx;
  if (waiting->left) return end_unanswered(waiting);
  if (parked_state(waiting->callback.parked) != PARKED_GONE) return;
  if (job_leave(waiting->job, &waiting->waiter, JOB_CLIENT_GONE)) end_unanswered(waiting);
}

// ---- start --------------------------------------------------------------------------------------

// Ends a wait whose connection could not be watched.
static void end_unwatched(Waiting *waiting) {
  waiting->callback.outcome = "unanswered";
  job_leave(waiting->job, NULL, JOB_CLIENT_GONE);
  end(waiting);
}

static void begin(void *ctx) {
  Waiting *waiting = ctx;
  Callback *c = &waiting->callback;
  ParkedWatcher watcher = { .changed = on_changed, .ctx = waiting };
  if (!parked_watch(c->parked, c->webhook->options->loop, &watcher)) return end_unwatched(waiting);
  if (!job_join(waiting->job, &waiting->waiter)) return answer(waiting);
  set_first_timer(waiting);
  if (waiting->timer) return;
  // Without a timer the deadline cannot be kept: the platform tries again, and finds the job.
  if (job_leave(waiting->job, &waiting->waiter, JOB_HELD)) end_unanswered(waiting);
}

static Waiting *waiting_new(const Callback *c, Job *job) {
  Waiting *waiting = calloc(1, sizeof *waiting);
  if (!waiting) return NULL;
  waiting->waiter.answered = on_answered;
  waiting->callback = *c;
  waiting->callback.w = NULL;
  waiting->callback.request = NULL;
  memcpy(waiting->type, c->type.ptr, c->type.len);
  waiting->callback.type.ptr = waiting->type;
  waiting->callback.sender = job->from_user;
  waiting->callback.msgid = job->msgid;
  if (c->webhook->options->account->appid.len == 0) waiting->callback.account = job->to_user;
  waiting->callback.parked = server_park(c->request);
  if (waiting->callback.parked) return waiting;
  free(waiting);
  return NULL;
}

bool waiting_begin(Callback *c, Job *job) {
  Webhook *webhook = c->webhook;
  if (!admission_enter(&webhook->admission, ADMIT_WAITING)) return false;
  Waiting *waiting = waiting_new(c, job);
  if (!waiting) {
    admission_leave(&webhook->admission, ADMIT_WAITING);
    return false;
  }
  waiting->job = job_retain(job);
  if (answer_is_last_try(&waiting->callback, job)) atomic_store(&job->last_try, true);
  if (webhook->peers && c->attempt > 1) peers_count_try(webhook->peers, job);
  loop_call(webhook->options->loop, &waiting->call, begin, waiting);
  return true;
}
