// Claims the message; then, on the loop, looks for its answer at intervals.
#include "bot/follow.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/mutex.h"
#include "bot/kept.h"
#include "net/loop.h"

enum {
  MOMENT_US = 20 * 1000,  // a nearby store replies sooner
  LOOK_MS = 40,           // between two checks, at first
  LOOK_LATER_MS = 200,    // once the message is older than a second
  SOON_US = 1000000
};

struct Follow {
  Job *job;
  Run *run;  // NULL while a thread waits
  LoopCall call;
  bool is_counted;  // another process had the message, and the try was counted
  // Results set by the store's thread, under the mutex until the loop has them.
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  bool is_told;
  PeersResult result;
  Buf answer;
  int64_t answered_s;
  KeptAnswersFound found;  // the kept answer, once the message is this process's
  bool is_text, takes_kept;
};

static Webhook *webhook_of(const Follow *follow) { return follow->job->owner; }

static Loop *loop_of(const Follow *follow) { return webhook_of(follow)->options->loop; }

// ---- store's replies ----------------------------------------------------------------------------

static void go_on(void *ctx);

// On the store's thread.
static void tell(Follow *follow, PeersResult result, KeptAnswersFound found, Str packed,
                 int64_t answered_s) {
  pthread_mutex_lock(&follow->mutex);
  follow->is_told = true;
  follow->result = result;
  follow->found = found;
  follow->answered_s = answered_s;
  buf_reset(&follow->answer);
  buf_add(&follow->answer, packed);
  if (follow->run) loop_call(loop_of(follow), &follow->call, go_on, follow);
  else pthread_cond_signal(&follow->changed);
  pthread_mutex_unlock(&follow->mutex);
}

static void on_kept(void *ctx, KeptAnswersFound found, Str packed) {
  tell(ctx, PEERS_MINE, found, packed, 0);
}

static bool claim_kept(Follow *follow) {
  const Job *job = follow->job;
  KeptAnswers *kept = webhook_of(follow)->shared.kept;
  return follow->takes_kept &&
         kept_answers_claim(kept, job->from_user, job->identity, follow->is_text, on_kept, follow);
}

static void on_told(void *ctx, PeersResult result, Str packed, int64_t answered_s) {
  Follow *follow = ctx;
  if (result == PEERS_MINE && claim_kept(follow)) return;
  tell(follow, result, KEPT_ANSWERS_NONE, result == PEERS_ANSWERED ? packed : STR(""), answered_s);
}

static bool await(Follow *follow, int64_t until_us) {
  struct timespec until = clock_to_timespec(until_us);
  pthread_mutex_lock(&follow->mutex);
  while (!follow->is_told &&
         pthread_cond_timedwait(&follow->changed, &follow->mutex, &until) == 0) {
  }
  bool is_told = follow->is_told;
  pthread_mutex_unlock(&follow->mutex);
  return is_told;
}

static Str take_answer(Follow *follow) {
  return follow->answer.failed ? str_make(NULL, 0)
                               : arena_dup(follow->job->arena, buf_str(&follow->answer));
}

// Takes the kept answer. If it is the message's answer, handles it like the answer of another process.
static Str take_kept(Follow *follow) {
  Str packed = { 0 };
  if (follow->result != PEERS_MINE || follow->found == KEPT_ANSWERS_NONE) return packed;
  if (!kept_take(webhook_of(follow), follow->job, follow->found, buf_str(&follow->answer), &packed))
    return packed;
  follow->result = PEERS_ANSWERED;
  follow->answered_s = clock_unix_s();
  return packed;
}

static void clear(Follow *follow) {
  buf_clear(&follow->answer);
  pthread_cond_destroy(&follow->changed);
  pthread_mutex_destroy(&follow->mutex);
}

// ---- on the message's thread --------------------------------------------------------------------

Follow *follow_claim(Webhook *webhook, Job *job, bool is_text, bool takes_kept) {
  KeptAnswers *kept = webhook->shared.kept;
  takes_kept = takes_kept && kept && kept_answers_may_be(kept, job->from_user);
  bool claims = webhook->peers && !peers_is_alone(webhook->peers, job);
  if (!claims && !takes_kept) return NULL;
  Follow *follow = arena_calloc(job->arena, 1, sizeof *follow);
  if (!follow) return NULL;
  follow->job = job;
  follow->is_text = is_text;
  follow->takes_kept = takes_kept;
  buf_init(&follow->answer);
  condition_init(&follow->changed);
  pthread_mutex_init(&follow->mutex, NULL);
  if (claims && peers_claim(webhook->peers, job, on_told, follow)) return follow;
  if (claim_kept(follow)) return follow;
  clear(follow);
  return NULL;
}

bool follow_await(Follow *follow, PeersResult *result, Str *packed, int64_t *answered_s) {
  if (!await(follow, clock_now_us() + MOMENT_US)) return false;
  Str kept = take_kept(follow);
  *result = follow->result;
  *answered_s = follow->answered_s;
  if (*result == PEERS_ANSWERED) *packed = kept.ptr ? kept : take_answer(follow);
  return true;
}

void follow_end(Follow *follow) {
  await(follow, INT64_MAX);
  clear(follow);
}

// ---- on the loop --------------------------------------------------------------------------------

static void look(void *ctx);

static void pause_then_look(Follow *follow) {
  bool soon = clock_now_us() - follow->job->started_us < SOON_US;
  if (!loop_timer(loop_of(follow), soon ? LOOK_MS : LOOK_LATER_MS, 0, look, follow)) look(follow);
}

// Counts the try. The claim counts the first try of a message.
static void count_try(Follow *follow) {
  if (!follow->is_counted && follow->job->attempt <= 1)
    peers_count_try(webhook_of(follow)->peers, follow->job);
  follow->is_counted = true;
}

static void end_answered(Follow *follow, Str kept) {
  Str packed = kept.ptr ? kept : take_answer(follow);
  int64_t answered_s = follow->answered_s;
  Run *run = follow->run;
  clear(follow);
  if (packed.ptr) run_answered_elsewhere(run, packed, answered_s);
  else run_abandon(run);
}

static void end_with(Follow *follow, void (*go)(Run *run)) {
  Run *run = follow->run;
  clear(follow);
  go(run);
}

static void go_on(void *ctx) {
  Follow *follow = ctx;
  pthread_mutex_lock(&follow->mutex);  // wait until the thread that posted this call has unlocked
  follow->is_told = false;
  pthread_mutex_unlock(&follow->mutex);
  Str kept = take_kept(follow);
  if (follow->result == PEERS_MINE)
    return end_with(follow, follow->is_counted ? run_take_over : run_in_turn);
  if (follow->result == PEERS_ANSWERED) return end_answered(follow, kept);
  count_try(follow);
  pause_then_look(follow);
}

// Claims the message again, because the other process has died.
static void claim_anew(void *ctx) {
  Follow *follow = ctx;
  if (follow->result != PEERS_MINE) return go_on(follow);
  if (!peers_claim(webhook_of(follow)->peers, follow->job, on_told, follow)) go_on(follow);
}

// On the store's thread.
static void on_looked(void *ctx, PeersResult result, Str packed, int64_t answered_s) {
  Follow *follow = ctx;
  follow->result = result;
  follow->answered_s = answered_s;
  follow->found = KEPT_ANSWERS_NONE;
  buf_reset(&follow->answer);
  if (result == PEERS_ANSWERED) buf_add(&follow->answer, packed);
  loop_call(loop_of(follow), &follow->call, claim_anew, follow);
}

static bool has_had_its_time(const Follow *follow) {
  int64_t timeout_ms = webhook_of(follow)->options->interpreter.job_timeout_ms;
  return timeout_ms > 0 && clock_now_us() - follow->job->started_us > timeout_ms * 1000;
}

// A process that stops waits for no other one's answer that no request here will show.
static bool is_for_nobody(const Follow *follow) {
  return atomic_load(&webhook_of(follow)->refusing) && !job_has_requests(follow->job);
}

static void look(void *ctx) {
  Follow *follow = ctx;
  if (has_had_its_time(follow) || is_for_nobody(follow)) end_with(follow, run_abandon);
  else if (!peers_ask(webhook_of(follow)->peers, follow->job, on_looked, follow))
    pause_then_look(follow);
}

void follow_begin(Follow *follow, Run *run) {
  pthread_mutex_lock(&follow->mutex);
  follow->run = run;
  if (follow->is_told) loop_call(loop_of(follow), &follow->call, go_on, follow);
  pthread_mutex_unlock(&follow->mutex);
}
