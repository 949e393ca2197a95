// Renders and seals answers, and logs them.
#include "bot/answer.h"

#include "base/clock.h"
#include "base/log.h"
#include "bot/bot_metrics.h"
#include "bot/capture.h"
#include "bot/live.h"
#include "bot/outcome.h"
#include "bot/kept.h"
#include "script/packed_reply.h"
#include "wechat/envelope.h"

enum { LAST_AFTER_S = 9 };  // the platform's tries end a little later

static void respond(Callback *c, const HttpResponse *response) {
  if (c->parked) parked_respond(c->parked, response);
  else server_respond(c->request, response);
  c->parked = NULL;
}

static void answer_type(Callback *c, Str type, Str body) {
  respond(c,
          &(HttpResponse){ .status = 200, .content_type = type, .body = body, .close = c->closes });
}

void answer_with(Callback *c, int status, Str body) {
  respond(c, &(HttpResponse){ .status = status, .body = body, .close = c->closes });
}

// Shows the desk a reply: with its outcome, which saves 0.4 % of a message, where that follows at once and the
// workspace is still there. A parked request gives the workspace back before; a stuck script delays the outcome.
static void show_reply(Callback *c, Str xml) {
  LiveSubject of = { c->sender, c->msgid, c->received_us };  // reading the clock would cost 0.3 %
  if (c->left_out) c->left_out++;
  else if (c->parked || c->closes) live_reply(c->webhook->options->live, &of, xml);
  else c->shown = xml;
}

// `xml`: empty for `success`.
static void tell_of_answer(Callback *c, Str xml) {
  const BotOptions *options = c->webhook->options;
  if (options->on_answer) options->on_answer(options->on_message_ctx, c->sender, xml);
  if (xml.len > 0 && live_is_watched(options->live)) show_reply(c, xml);
  if (c->trail) capture_answer(c->trail, xml);
}

void answer_success(Callback *c) {
  c->outcome = "success";
  tell_of_answer(c, STR(""));
  answer_with(c, 200, STR("success"));
}

void answer_refuse(Callback *c, int status, const char *why) {
  c->outcome = "refused";
  server_refuse(c->request, status, NULL, why);
}

void answer_nothing(Callback *c) {
  c->outcome = "unanswered";
  respond(c, &(HttpResponse){ .no_answer = true });
}

void answer_hang_up(Callback *c) { respond(c, &(HttpResponse){ .no_answer = true }); }

static bool seal(Callback *c, Str xml, Err *err) {
  uint32_t number;
  if (!aes_random(c->w->aes, &number, sizeof number))
    return err_set(err, ERR_FAILED, "the system provides no random bytes");
  char digits[24];
  Buf nonce = { .ptr = digits, .cap = sizeof digits };
  buf_add_int(&nonce, number);
  return envelope_seal_reply(c->w->aes, c->w->digest, c->credential,
                             c->webhook->options->account->appid, xml, clock_unix_s(),
                             buf_str(&nonce), &c->w->sealed, err);
}

static bool answer_nothing_instead(Callback *c) {
  answer_nothing(c);
  return false;
}

// Answers with the reply in the workspace, or with "success" if it is empty. Seals the reply if its message was sealed.
// Returns false if that fails: then the request stays unanswered.
static bool answer_reply(Callback *c) {
  Err err;
  Str xml = buf_str(&c->w->reply);
  bool sealed = c->sealed && xml.len > 0;
  if (c->w->reply.failed) return answer_nothing_instead(c);
  if (sealed && !seal(c, xml, &err)) {
    log_error("a reply could not be sealed: %s", err.text);
    return answer_nothing_instead(c);
  }
  if (xml.len == 0) {
    answer_success(c);
    return true;
  }
  c->outcome = "replied";
  tell_of_answer(c, xml);
  answer_type(c, STR("text/xml; charset=utf-8"), sealed ? buf_str(&c->w->sealed) : xml);
  return true;
}

void answer_job(Callback *c, const Job *job) {
  c->api_calls = atomic_load_explicit(&job->api_calls, memory_order_relaxed);
  if (job->state == TASK_LOST) return answer_nothing(c);
  if (job->is_packed) {
    answer_packed(c, job->packed, job->from_user, job->to_user, job->answered_s);
    if (job->kept_as) c->outcome = job->kept_as;
    return kept_given(c->webhook, job, true);
  }
  c->place = arena_dup(c->w->arena, job->place);
  reply_render(&job->reply, job->from_user, job->to_user, job->answered_s, &c->w->reply);
  bool failed = job->state != TASK_RETURNED || job->place.len > 0;
  if (answer_reply(c) && failed) c->outcome = "failed";
  kept_given(c->webhook, job, true);
}

void answer_packed(Callback *c, Str packed, Str from_user, Str to_user, int64_t answered_s) {
  if (!packed_reply_render(packed, from_user, to_user, answered_s, c->w->arena, &c->w->reply))
    return answer_nothing(c);
  if (answer_reply(c)) c->outcome = "duplicate";
}

// ---- deadlines ----------------------------------------------------------------------------------

LateReply answer_late_way(const Webhook *webhook, Job *job) {
  LateReply way = webhook->options->late_reply;
  if (way != LATE_AUTO) return way;
  bool spent = atomic_load_explicit(&job->said.spent, memory_order_relaxed);
  return spent || shared_sends_nothing(&webhook->shared) ? LATE_KEEP : LATE_CUSTOMER_SERVICE;
}

bool answer_awaits_retry(const Callback *c, Job *job) {
  LateReply way = answer_late_way(c->webhook, job);
  return (way == LATE_RETRY || way == LATE_KEEP) && !answer_is_last_try(c, job);
}

static SaidState said_state_of(LateReply way) {
  return way == LATE_CUSTOMER_SERVICE ? SAID_SENDS : way == LATE_KEEP ? SAID_KEEPS : SAID_DROPS;
}

void answer_is_past(const Webhook *webhook, Job *job) {
  Reply none = { .form = REPLY_NONE };
  SaidState state = said_state_of(answer_late_way(webhook, job));
  said_take(&job->said, state, false, REPLY_TEXT_MAX, job->arena, &none);
}

// Appends late_text to `reply` as its last line, or makes it the whole reply. Returns false if the reply is not a text.
static bool add_late_text(Callback *c, Reply *reply) {
  Str content = packed_reply_content(reply), rest;
  Buf text;
  if (reply->form != REPLY_NONE && !content.ptr) return false;
  buf_init(&text);
  if (content.len > 0) buf_add(&text, content);
  if (content.len > 0) buf_addc(&text, '\n');
  buf_add(&text, c->webhook->options->late_text);
  Str copy = arena_dup(c->w->arena, buf_str(&text));
  buf_clear(&text);
  return copy.ptr && reply_text(reply, c->w->arena, copy, &rest);
}

// Makes the reply at the deadline: kept answers, the parts said so far, and late_text. REPLY_NONE if there is nothing
// to show. Returns whether the reply promises the answer to the user's next message.
static bool reply_by_now(Callback *c, Job *job, Reply *reply) {
  LateReply way = answer_late_way(c->webhook, job);
  Str late_text = c->webhook->options->late_text;
  bool promises = way == LATE_KEEP && late_text.len > 0 && !job->is_silent;
  size_t room = promises ? REPLY_TEXT_MAX - late_text.len - 1 : REPLY_TEXT_MAX;
  bool said = said_take(&job->said, said_state_of(way), false, room, c->w->arena, reply);
  promises = promises && add_late_text(c, reply);
  if (job->is_silent || kept_join(job, c->w->arena, reply)) return promises;
  if (said) said_give_back(&job->said);
  return false;
}

bool answer_is_last_try(const Callback *c, const Job *job) {
  int elsewhere = atomic_load_explicit(&job->tries, memory_order_relaxed);
  int64_t waited_s = (clock_now_us() - c->received_us) / 1000000;
  int64_t arrived_s = clock_unix_s() - waited_s;
  return c->attempt >= ANSWER_TRIES || elsewhere >= ANSWER_TRIES ||
         (c->created_s > 0 && arrived_s - c->created_s >= LAST_AFTER_S);
}

static void answer_text_by_now(Callback *c, Job *job, const Reply *reply) {
  reply_render(reply, job->from_user, job->to_user, clock_unix_s(), &c->w->reply);
  answer_reply(c);
}

// After the platform's last try, late_reply = retry has no way left for a reply.
static const char *nothing_outcome(const Callback *c, Job *job) {
  return answer_late_way(c->webhook, job) == LATE_RETRY ? "lost" : "late";
}

void answer_owed(Callback *c, Job *job) {
  Reply reply = { .form = REPLY_NONE };
  bool parked = !c->w;
  c->api_calls = atomic_load_explicit(&job->api_calls, memory_order_relaxed);
  if (parked) c->w = workspace_get(c->webhook->workspaces);
  bool promises = c->w && reply_by_now(c, job, &reply);
  if (promises) kept_promise(c->webhook, job);
  if (reply.form == REPLY_NONE) answer_success(c);
  else answer_text_by_now(c, job, &reply);
  if (reply.form == REPLY_NONE) c->outcome = nothing_outcome(c, job);
  if (promises) c->outcome = "late_text";
  kept_given(c->webhook, job, false);
  if (!parked) return;
  workspace_put(c->webhook->workspaces, c->w);
  c->w = NULL;
}

// ---- log and metrics ----------------------------------------------------------------------------

LogSubject answer_begin_lines(const Callback *c) {
  return log_about((LogSubject){ .openid = c->sender, .msgid = c->msgid });
}

void answer_tell(const Callback *c) {
  Outcome outcome = { .type = c->type,
                      .outcome = c->outcome,
                      .attempt = c->attempt,
                      .us = clock_now_us() - c->received_us,
                      .api_calls = c->api_calls,
                      .account = c->account,
                      .place = c->place };
  outcome_tell(&outcome, c->webhook->options->metrics);
  Live *live = c->webhook->options->live;
  if (c->left_out) {
    live_leave_out(live, c->left_out + 1);
  } else if (c->type.len > 0 && live_is_watched(live)) {
    LiveSubject of = { c->sender, c->msgid, c->received_us };
    live_outcome(live, &of, c->shown, &outcome);
  }
}
