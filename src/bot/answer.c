// Rendering, sealing, and what is said of it.
#include "bot/answer.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "bot/bot_metrics.h"
#include "bot/packed_reply.h"
#include "wechat/envelope.h"

enum { SENDER_SHOWN = 6 };

static void respond(Callback *c, const HttpResponse *response) {
  if (c->parked) parked_respond(c->parked, response);
  else server_respond(c->request, response);
  c->parked = NULL;
}

static void answer_type(Callback *c, const char *type, Str body) {
  respond(c,
          &(HttpResponse){ .status = 200, .content_type = type, .body = body, .close = c->closes });
}

void answer_with(Callback *c, int status, Str body) {
  respond(c, &(HttpResponse){ .status = status, .body = body, .close = c->closes });
}

void answer_success(Callback *c) {
  c->outcome = "success";
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

static bool seal(Callback *c, Str xml, Err *err) {
  uint32_t number;
  if (!digest_random(&number, sizeof number))
    return err_set(err, ERR_FAILED, "the system gives no random bytes");
  char nonce[16];
  int len = snprintf(nonce, sizeof nonce, "%u", number);
  return envelope_seal_reply(c->w->aes, c->w->digest, c->credential,
                             c->webhook->options->account->appid, xml, clock_unix_s(),
                             str_make(nonce, (size_t)len), &c->w->sealed, err);
}

// The reply in the workspace, or "success" if it is empty. It is sealed when its message was.
static void answer_reply(Callback *c) {
  Err err = { 0 };
  Str xml = buf_str(&c->w->reply);
  if (c->w->reply.failed) return answer_nothing(c);
  if (xml.len == 0) return answer_success(c);
  c->outcome = "replied";
  if (!c->sealed) return answer_type(c, "text/xml; charset=utf-8", xml);
  if (seal(c, xml, &err)) return answer_type(c, "text/xml; charset=utf-8", buf_str(&c->w->sealed));
  log_error("a reply could not be sealed: %s", err.text);
  answer_nothing(c);
}

void answer_job(Callback *c, const Job *job) {
  c->api_calls = atomic_load_explicit(&job->api_calls, memory_order_relaxed);
  if (job->state == TASK_LOST) return answer_nothing(c);
  reply_render(&job->reply, job->from_user, job->to_user, job->answered_s, &c->w->reply);
  answer_reply(c);
}

void answer_packed(Callback *c, Str packed, Str from_user, Str to_user, int64_t answered_s) {
  if (packed_reply_render(packed, from_user, to_user, answered_s, c->w->arena, &c->w->reply))
    answer_reply(c);
  else answer_nothing(c);
}

// ---- deadlines ----------------------------------------------------------------------------------

LateReply answer_late_way(const Webhook *webhook) {
  LateReply way = webhook->options->late_reply;
  if (way != LATE_AUTO) return way;
  return atomic_load_explicit(&webhook->shared.late_not_allowed, memory_order_relaxed)
             ? LATE_RETRY
             : LATE_CUSTOMER_SERVICE;
}

void answer_owed(Callback *c, Job *job) {
  c->api_calls = atomic_load_explicit(&job->api_calls, memory_order_relaxed);
  answer_success(c);
  c->outcome = "late";
}

// ---- what is said of it -------------------------------------------------------------------------

static void log_message(const Callback *c, int64_t us) {
  char calls[32] = "";
  if (c->type.len == 0 || !log_on(LOG_INFO)) return;
  Str sender = str_sub(c->sender, 0, str_utf8_prefix(c->sender, SENDER_SHOWN));
  if (c->api_calls)
    snprintf(calls, sizeof calls, ", %d API call%s", c->api_calls, c->api_calls == 1 ? "" : "s");
  log_info("%.*s from %.*s…: %s in %.1f ms%s", STR_FMT(c->type), STR_FMT(sender), c->outcome,
           (double)us / 1000, calls);
}

void answer_tell(const Callback *c) {
  int64_t us = clock_now_us() - c->received_us;
  Str type = c->type.len > 0 ? c->type : STR("none");
  bot_metrics_callback(c->webhook->options->metrics, type, str_of(c->outcome), us);
  log_message(c, us);
}
