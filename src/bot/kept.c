#include "bot/kept.h"

#include "base/clock.h"
#include "base/log.h"
#include "script/kept_answers.h"
#include "script/packed_reply.h"

enum { TRIES_S = 20 };  // more than the platform's three tries take

bool kept_take(Webhook *webhook, Job *job, KeptAnswersFound found, Str kept, Str *packed) {
  Buf late_text;
  buf_init(&late_text);
  if (found == KEPT_ANSWERS_PENDING) packed_reply_text(webhook->options->late_text, &late_text);
  *packed = arena_dup(job->arena, late_text.len > 0 ? buf_str(&late_text) : kept);
  buf_clear(&late_text);
  if (found == KEPT_ANSWERS_NONE || !packed->ptr || packed->len == 0) return false;
  if (found == KEPT_ANSWERS_BEFORE) {
    job->kept = *packed;
    atomic_store(&job->kept_waits, true);
    return false;
  }
  job->kept_as = found == KEPT_ANSWERS_GIVE ? "kept" : "late_text";
  return true;
}

void kept_finish(Webhook *webhook, Job *job, Str packed) {
  dedupe_finish(webhook->dedupe, job, packed, clock_now_us());
  if (webhook->peers) peers_finish(webhook->peers, job, packed);
  job_finish_packed(job, packed, clock_unix_s());
}

bool kept_join(Job *job, Arena *arena, Reply *reply) {
  Reply other = *reply;
  if (!atomic_exchange(&job->kept_waits, false)) return true;
  Str content = packed_reply_content(&other), rest;
  Buf joined;
  buf_init(&joined);
  buf_add(&joined, job->kept);
  if (content.ptr) {
    Buf more;
    buf_init(&more);
    packed_reply_text(content, &more);
    bool fits = packed_reply_add(&joined, buf_str(&more));
    buf_clear(&more);
    Str text = fits ? arena_dup(arena, str_sub(buf_str(&joined), 1, joined.len)) : (Str){ 0 };
    buf_clear(&joined);
    if (text.ptr) return reply_text(reply, arena, text, &rest);
  }
  buf_clear(&joined);
  packed_reply_read(job->kept, arena, reply);
  return other.form == REPLY_NONE;
}

// Keeps `reply` under the message's identity and `suffix`.
static void put(Webhook *webhook, const Job *job, const Reply *reply, Str suffix,
                int64_t not_before_s) {
  Buf identity;
  buf_init(&identity);
  buf_add(&identity, job->identity);
  buf_add(&identity, suffix);
  Str piece = packed_reply_make(job->arena, reply, job->from_user, job->to_user, clock_unix_s());
  bool kept = piece.ptr && !identity.failed &&
              kept_answers_put(webhook->shared.kept, job->from_user,
                               &(KeptAnswersPut){ .identity = buf_str(&identity),
                                                  .packed = &piece,
                                                  .count = 1,
                                                  .not_before_s = not_before_s },
                               NULL, NULL);
  if (!kept) log_warn("an answer is lost: there is no memory to store it");
  buf_clear(&identity);
}

// The kept answer is removed once the message is answered; the script's own answer, kept as "#after", stays.
void kept_join_answer(Webhook *webhook, Job *job, Reply *reply) {
  Reply other = *reply;
  if (!kept_join(job, job->arena, reply)) put(webhook, job, &other, STR("#after"), 0);
}

void kept_given(Webhook *webhook, const Job *job, bool own) {
  bool any = job->kept.len > 0 || job->kept_as || atomic_load(&job->held);
  if (!webhook->shared.kept || !any) return;
  kept_answers_given(webhook->shared.kept, job->from_user, job->identity, own);
}

void kept_promise(Webhook *webhook, Job *job) {
  if (!webhook->shared.kept || job->is_silent || webhook->options->late_text.len == 0) return;
  if (!atomic_exchange(&job->held, true))
    kept_answers_promise(webhook->shared.kept, job->from_user, job->identity);
}

void kept_hold(Webhook *webhook, Job *job, const Reply *reply) {
  if (!webhook->shared.kept) return;
  int64_t began_s = clock_unix_s() - (clock_now_us() - job->started_us) / 1000000;
  atomic_store(&job->held, true);
  put(webhook, job, reply, STR(""), began_s + TRIES_S);
}
