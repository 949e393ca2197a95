#include "bot/run_reply.h"

#include "base/clock.h"
#include "base/log.h"
#include "bot/answer.h"
#include "bot/bot_metrics.h"
#include "bot/kept.h"
#include "script/packed_reply.h"

// Returns whether the answer is shown by a request: the waiting one, or the platform's next try.
static bool is_shown(const Webhook *webhook, Job *job, bool late) {
  if (!late) return true;
  LateReply way = answer_late_way(webhook, job);
  return way == LATE_RETRY || (way == LATE_KEEP && !job_is_owed(job));
}

// Joins the kept answer to a reply that is shown. Returns early if nothing is kept.
static void join_kept(Webhook *webhook, Job *job, Reply *reply) {
  if (!atomic_load_explicit(&job->kept_waits, memory_order_relaxed)) return;
  if (is_shown(webhook, job, job_settle(job))) kept_join_answer(webhook, job, reply);
}

void run_reply_forget(Webhook *webhook, Job *job) {
  dedupe_forget(webhook->dedupe, job);
  if (webhook->peers) peers_forget(webhook->peers, job);
}

// Sets what duplicates get from now on. A late reply that is sent or dropped is not shown to duplicates.
static void remember(Webhook *webhook, Job *job, bool late) {
  if (job->is_elsewhere && !atomic_load(&job->taken)) return run_reply_forget(webhook, job);
  bool shown = is_shown(webhook, job, late);
  Str packed = shown ? packed_reply_make(job->arena, &job->reply, job->from_user, job->to_user,
                                         job->answered_s)
                     : STR("");
  if (packed.ptr) dedupe_finish(webhook->dedupe, job, packed, clock_now_us());
  else dedupe_forget(webhook->dedupe, job);
  if (webhook->peers) peers_finish(webhook->peers, job, packed);
}

bool run_reply_finish(Webhook *webhook, Job *job, TaskState state, const Answer *answer) {
  Reply reply = answer->reply;
  job->place = answer->place;
  join_kept(webhook, job, &reply);
  bool late = job_finish(job, state, &reply, answer->rest);
  remember(webhook, job, late);
  return late;
}

void run_reply_leave(Webhook *webhook, Job *job) {
  job_finish(job, TASK_RETURNED, NULL, STR(""));
  remember(webhook, job, true);
}

static void log_dropped(const Job *job, LateReply way) {
  const char *when = way == LATE_RETRY ? "past the platform's last try; it is lost"
                                       : "past deadline_ms; it is dropped";
  log_warn("the reply came %.1f s after the message, %s (late_reply)",
           (double)(clock_now_us() - job->started_us) / 1000000, when);
}

static void count_late(const Webhook *webhook, LateReply way) {
  bot_metrics_late(webhook->options->metrics, way == LATE_CUSTOMER_SERVICE ? STR("customer_service")
                                              : way == LATE_RETRY          ? STR("retry")
                                              : way == LATE_KEEP           ? STR("kept")
                                                                           : STR("dropped"));
}

bool run_reply_late(Webhook *webhook, Job *job, const Answer *answer) {
  LateReply way = answer_late_way(webhook, job);
  if (answer->sent) count_late(webhook, way);
  if (answer->reply.form == REPLY_NONE) return false;
  if (way == LATE_KEEP && !job_is_owed(job)) kept_hold(webhook, job, &answer->reply);
  if (way == LATE_DROP || (way == LATE_RETRY && job_is_owed(job))) {
    shared_lost(&webhook->shared, "dropped");
    log_dropped(job, way);
  }
  count_late(webhook, way);
  return way == LATE_CUSTOMER_SERVICE || (way == LATE_KEEP && job_is_owed(job));
}
