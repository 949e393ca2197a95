// The callback path.
#include "bot/webhook.h"

#include "base/clock.h"
#include "base/log.h"
#include "bot/packed_reply.h"
#include "bot/bot_metrics.h"
#include "bot/verify.h"
#include "codec/url.h"
#include "script/conversation.h"
#include "wechat/envelope.h"

#include <stdio.h>

// One callback on its way.
typedef struct {
  Webhook *webhook;
  HttpRequest *request;
  Workspace *w;
  Verified verified;
  int64_t deadline_us;
  Job *job;       // once its script may run on this thread
  bool answered;  // by the watcher, in this thread's place
  // For the log and the figures.
  const MessageHead *head;  // once it is known
  const char *outcome;
  int api_calls;
} Callback;

// ---- answers ----

static void respond(Callback *c, int status, const char *type, Str body) {
  server_respond(c->request,
                 &(HttpResponse){ .status = status, .content_type = type, .body = body });
}

static void respond_success(Callback *c) {
  c->outcome = "success";
  respond(c, 200, NULL, STR("success"));
}

static void refuse(Callback *c, int status, const char *why) {
  c->outcome = "refused";
  server_refuse(c->request, status, NULL, why);
}

static int status_of(const Err *err) {
  switch (err->code) {
    case ERR_FORBIDDEN: return 403;
    case ERR_MEMORY: return 503;
    default: return 400;
  }
}

// Closes without a byte: the platform counts that as no answer, and tries again.
static void leave_unanswered(Callback *c) {
  c->outcome = "unanswered";
  server_respond(c->request, &(HttpResponse){ .no_answer = true });
}

static bool seal(Callback *c, Str xml, Err *err) {
  uint32_t number;
  if (!digest_random(&number, sizeof number))
    return err_set(err, ERR_FAILED, "the system gives no random bytes");
  char nonce[16];
  int len = snprintf(nonce, sizeof nonce, "%u", number);
  return envelope_seal_reply(c->w->aes, c->w->digest, c->verified.credential,
                             c->webhook->options->account->appid, xml, clock_unix_s(),
                             str_make(nonce, (size_t)len), &c->w->sealed, err);
}

// `xml` is the reply document, or empty for "success". A reply is sealed when its message was.
static void respond_xml(Callback *c, Str xml) {
  Err err = { 0 };
  if (xml.len == 0) return respond_success(c);
  c->outcome = "replied";
  if (!c->verified.sealed) return respond(c, 200, "text/xml; charset=utf-8", xml);
  if (seal(c, xml, &err)) return respond(c, 200, "text/xml; charset=utf-8", buf_str(&c->w->sealed));
  log_error("a reply could not be sealed: %s", err.text);
  leave_unanswered(c);
}

static void respond_job(Callback *c, const Job *job) {
  c->api_calls = atomic_load_explicit(&job->api_calls, memory_order_relaxed);
  if (job->state == TASK_LOST) return leave_unanswered(c);
  reply_render(&job->reply, job->from_user, job->to_user, job->answered_s, &c->w->reply);
  if (c->w->reply.failed) return leave_unanswered(c);
  respond_xml(c, buf_str(&c->w->reply));
}

// What becomes of a reply that misses its deadline, as configured and as the platform allows.
static LateReply late_reply(const Webhook *webhook) {
  LateReply way = webhook->options->late_reply;
  if (way != LATE_AUTO) return way;
  return atomic_load_explicit(&webhook->shared.late_not_allowed, memory_order_relaxed)
             ? LATE_RETRY
             : LATE_CUSTOMER_SERVICE;
}

static void respond_deadline(Callback *c) {
  if (late_reply(c->webhook) == LATE_RETRY) leave_unanswered(c);
  else respond_success(c);
  if (late_reply(c->webhook) != LATE_RETRY) c->outcome = "late";
}

// On the watcher's thread. The connection's own thread will not read another request soon, so the connection
// ends. False where the script has just answered: the thread itself does the rest.
static bool respond_in_its_place(void *ctx) {
  Callback *c = ctx;
  if (!job_desert(c->job)) return false;
  if (late_reply(c->webhook) == LATE_RETRY) return true;
  server_respond(c->request,
                 &(HttpResponse){ .status = 200, .body = STR("success"), .close = true });
  return true;
}

// ---- the script's side ----

static void remember(Webhook *webhook, Job *job) {
  Buf packed;
  buf_init(&packed);
  packed_reply_make(job, &packed);
  if (webhook->peers) peers_finish(webhook->peers, job, buf_str(&packed));
  if (packed.failed) dedupe_forget(webhook->dedupe, job);
  else dedupe_finish(webhook->dedupe, job, buf_str(&packed), clock_now_us());
  buf_clear(&packed);
}

static void log_dropped(const Job *job) {
  log_warn("the reply to %.*s came %.1f s after the message, past deadline_ms; it is dropped "
           "(late_reply)",
           STR_FMT(job->from_user), (double)(clock_now_us() - job->started_us) / 1000000);
}

// A reply came too late to be the answer. Returns whether it goes out as customer service messages.
static bool send_late(Webhook *webhook, const Job *job, const Answer *answer) {
  LateReply way = late_reply(webhook);
  if (answer->reply.form == REPLY_NONE) return false;
  if (way == LATE_DROP) log_dropped(job);
  bot_metrics_late(webhook->options->metrics, way == LATE_CUSTOMER_SERVICE ? STR("customer_service")
                                              : way == LATE_RETRY          ? STR("retry")
                                                                           : STR("dropped"));
  return way == LATE_CUSTOMER_SERVICE;
}

// The script has its answer in the first slice; `run` gets it.
static bool on_answer(void *ctx, const Answer *answer) {
  Job *job = ctx;
  return job_settle(job) && send_late(job->owner, job, answer);
}

// The script was suspended and has its answer now.
static bool on_done(void *ctx, TaskState state, const Answer *answer) {
  Job *job = ctx;
  Webhook *webhook = job->owner;
  bool late = job_finish(job, state, &answer->reply, answer->rest);
  remember(webhook, job);
  return late && send_late(webhook, job, answer);
}

static void on_over(void *ctx) {
  Job *job = ctx;
  Webhook *webhook = job->owner;
  job_release(job);
  atomic_fetch_sub(&webhook->jobs_under_way, 1);
}

static void log_not_run(const Webhook *webhook, const Job *job) {
  log_error("a message from %.*s was not run: other messages left the script no time for it within "
            "job_timeout_s (%lld "
            "s), or script_memory_mb no memory",
            STR_FMT(job->from_user),
            (long long)(webhook->options->interpreter.job_timeout_ms / 1000));
}

// Nothing was run: whoever waits closes unanswered, and the platform's retry finds no trace.
static void abandon(Webhook *webhook, Job *job) {
  if (webhook->peers) peers_forget(webhook->peers, job);
  dedupe_forget(webhook->dedupe, job);
  job_finish(job, TASK_LOST, NULL, STR(""));
  atomic_fetch_sub(&webhook->jobs_under_way, 1);
  job_release(job);
}

// False when that time has come.
static bool pause_before(int64_t end_us) {
  if (clock_now_us() >= end_us) return false;
  nanosleep(&(struct timespec){ .tv_nsec = 5 * 1000 * 1000 }, NULL);
  return true;
}

// Whoever leaves has no more to say.
static void end_conversations_of_leaver(Webhook *webhook, const Job *job, const MessageHead *head) {
  if (head->is_event && str_eq_nocase(head->event, STR("unsubscribe")))
    conversations_end_user(webhook->shared.conversations, job->from_user, "unsubscribe");
}

// So long a message waits for its turn.
static int64_t turn_end_us(const Webhook *webhook, const Job *job) {
  int64_t timeout_ms = webhook->options->interpreter.job_timeout_ms;
  return timeout_ms > 0 ? job->started_us + timeout_ms * 1000 : INT64_MAX;
}

// A script that waits for this user's next message gets it, else on_message does. An interpreter that was
// given up while the message waited for it has a successor, one that is busy may have another beside it: try
// that one. The platform has its answer at the deadline; the message waits on for its turn, and its reply is
// late.
static TaskState run(Callback *c, Job *job, const MessageHead *head) {
  MessageTask task = { .tree = &c->w->tree,
                       .head = head,
                       .raw = c->verified.document,
                       .sender = job->from_user,
                       .api_calls = &job->api_calls,
                       .arena = job->arena,
                       .owner = job_retain(job),
                       .late = on_answer,
                       .done = on_done,
                       .over = on_over };
  TaskState state;
  Answer answer;
  int64_t end_us = turn_end_us(c->webhook, job);
  c->job = job;
  end_conversations_of_leaver(c->webhook, job, head);
  overdue_begin(&c->w->run, c->deadline_us, respond_in_its_place, c);
  do {
    int64_t until_us = end_us;
    Conversation *conversation =
        conversations_take(c->webhook->shared.conversations, job->from_user, job->is_event);
    Interpreter *interpreter = conversation ? conversation_interpreter(conversation)
                                            : pool_pick(c->webhook->pool, &until_us);
    state = conversation ? conversation_run_message(conversation, &task, until_us, &answer)
                         : interpreter_run_message(interpreter, &task, until_us, &answer);
    interpreter_release(interpreter);
  } while (state == TASK_LOST && pause_before(end_us));
  c->answered = overdue_end(&c->w->run);
  if (state == TASK_LOST) {
    log_not_run(c->webhook, job);
    abandon(c->webhook, job);
  } else if (state != TASK_WAITING) {
    job_finish(job, state, &answer.reply, answer.rest);
    remember(c->webhook, job);
    on_over(job);
  }
  return state;
}

static bool job_describe(Job *job, Webhook *webhook, const MessageHead *head, Str identity) {
  job->owner = webhook;
  job->identity = arena_dup(job->arena, identity);
  job->to_user = arena_dup(job->arena, head->to_user);
  job->from_user = arena_dup(job->arena, head->from_user);
  job->is_event = head->is_event;
  return job->identity.ptr && job->to_user.ptr && job->from_user.ptr;
}

// Slow scripts must not take all threads from quick ones: when most of them wait, a reply that is not there
// yet is a late one at once. With `retry` there is no other way to deliver it than to wait.
static int64_t patience_us(Callback *c, int waiting) {
  return waiting < c->webhook->options->max_waiting || late_reply(c->webhook) == LATE_RETRY
             ? c->deadline_us
             : 0;
}

static void wait_and_respond(Callback *c, Job *job) {
  int waiting = atomic_fetch_add(&c->webhook->waiting, 1);
  bool in_time = job_wait(job, patience_us(c, waiting));
  atomic_fetch_sub(&c->webhook->waiting, 1);
  if (in_time) respond_job(c, job);
  else respond_deadline(c);
}

static void answer_again(Callback *c, const MessageHead *head, Str packed, int64_t answered_s) {
  if (packed_reply_render(packed, head->from_user, head->to_user, answered_s, c->w->arena,
                          &c->w->reply)) {
    respond_xml(c, buf_str(&c->w->reply));
  } else {
    leave_unanswered(c);
  }
}

// With the packed answer in `sealed`.
static void answer_packed(Callback *c, const MessageHead *head, int64_t answered_s) {
  Str packed = arena_dup(c->w->arena, buf_str(&c->w->sealed));
  buf_reset(&c->w->sealed);
  if (packed.ptr) answer_again(c, head, packed, answered_s);
  else leave_unanswered(c);
}

static void run_new(Callback *c, Job *job, const MessageHead *head) {
  Webhook *webhook = c->webhook;
  if (atomic_fetch_add(&webhook->jobs_under_way, 1) >= webhook->options->max_jobs) {
    abandon(webhook, job_retain(job));
    return refuse(c, 503, "max_jobs messages are under way already");
  }
  TaskState state = run(c, job, head);
  if (c->answered) {
    c->outcome = "late";
    return;
  }
  if (state == TASK_WAITING) wait_and_respond(c, job);
  else respond_job(c, job);
}

// Another process has it under way: waits for its answer as for a slow script's. False when that process
// died: the message is to be answered anew.
static bool answer_as_peer(Callback *c, Job *job, const MessageHead *head) {
  Webhook *webhook = c->webhook;
  int64_t answered_s = 0;
  dedupe_forget(webhook->dedupe, job);
  job_finish(job, TASK_LOST, NULL, STR(""));
  buf_reset(&c->w->sealed);
  int waiting = atomic_fetch_add(&webhook->waiting, 1);
  PeersResult result =
      peers_wait(webhook->peers, job, patience_us(c, waiting), &c->w->sealed, &answered_s);
  atomic_fetch_sub(&webhook->waiting, 1);
  if (result == PEERS_RUNNING) respond_deadline(c);
  if (result == PEERS_ANSWERED) answer_packed(c, head, answered_s);
  return result != PEERS_MINE;
}

static bool answer_new(Callback *c, Job *job, const MessageHead *head) {
  Webhook *webhook = c->webhook;
  int64_t answered_s = 0;
  PeersResult result =
      webhook->peers ? peers_claim(webhook->peers, job, &c->w->sealed, &answered_s) : PEERS_MINE;
  if (result == PEERS_RUNNING) return answer_as_peer(c, job, head);
  if (result == PEERS_MINE) {
    run_new(c, job, head);
    return true;
  }
  dedupe_forget(webhook->dedupe, job);
  job_finish(job, TASK_LOST, NULL, STR(""));
  answer_packed(c, head, answered_s);
  return true;
}

// False: it is to be tried anew.
static bool try_to_answer(Callback *c, const MessageHead *head) {
  Webhook *webhook = c->webhook;
  Workspace *w = c->w;
  bool done = true;
  Job *job = job_new(webhook->jobs, c->request->received_us), *running = NULL;
  if (!job || w->identity.failed || !job_describe(job, webhook, head, buf_str(&w->identity))) {
    if (job) job_release(job);
    refuse(c, 503, "no memory");
    return true;
  }
  int64_t answered_s = 0;
  switch (dedupe_enter(webhook->dedupe, job, c->request->received_us, &running, &w->sealed,
                       &answered_s)) {
    case DEDUPE_NEW: done = answer_new(c, job, head); break;
    case DEDUPE_RUNNING:
      wait_and_respond(c, running);
      job_release(running);
      break;
    case DEDUPE_ANSWERED: answer_packed(c, head, answered_s); break;
    case DEDUPE_NO_MEMORY: refuse(c, 503, "no memory"); break;
  }
  job_release(job);
  return done;
}

static void answer_message(Callback *c, const MessageHead *head) {
  message_identity(head, &c->w->tree, &c->w->identity);
  while (!try_to_answer(c, head)) {
  }
}

// ---- the request's side ----

static void handle_verification(Callback *c, const Pairs *query) {
  Err err = { 0 };
  Str echostr;
  const BotOptions *options = c->webhook->options;
  if (!verify_query(options->account, options->replay_window_s, query, clock_unix_s(), c->w,
                    &err)) {
    return refuse(c, status_of(&err), err.text);
  }
  if (pairs_get(query, STR("echostr"), &echostr) != 1)
    return refuse(c, 400, "echostr is missing, or given more than once");
  c->outcome = "verified";
  respond(c, 200, NULL, echostr);
}

static void handle_message(Callback *c, const Pairs *query, MessageHead *head) {
  Err err = { 0 };
  const BotOptions *options = c->webhook->options;
  if (!verify_callback(options->account, options->replay_window_s, query, c->request->body,
                       clock_unix_s(), c->w, &c->verified, &err) ||
      !message_parse(c->w->xml, c->verified.document, &c->w->tree, head, &err)) {
    return refuse(c, status_of(&err), err.text);
  }
  c->head = head;
  answer_message(c, head);
}

// ---- what is said of it -------------------------------------------------------------------------

enum { TYPE_MAX = 48, SENDER_SHOWN = 6 };

// The event's name, or the message's type, in lower case: what scripts call msg.type.
static Str type_of(const Callback *c, char text[TYPE_MAX]) {
  if (!c->head) return STR("none");
  Str type = c->head->is_event ? c->head->event : c->head->msg_type;
  size_t len = str_utf8_prefix(type, TYPE_MAX);
  for (size_t i = 0; i < len; i++) {
    char letter = type.ptr[i];
    text[i] = letter >= 'A' && letter <= 'Z' ? (char)(letter + 32) : letter;
  }
  return str_make(text, len);
}

static void log_message(const Callback *c, Str type, int64_t us) {
  char calls[32] = "";
  if (!c->head || !log_on(LOG_INFO)) return;
  Str sender = str_sub(c->head->from_user, 0, str_utf8_prefix(c->head->from_user, SENDER_SHOWN));
  if (c->api_calls)
    snprintf(calls, sizeof calls, ", %d API call%s", c->api_calls, c->api_calls == 1 ? "" : "s");
  log_info("%.*s from %.*s…: %s in %.1f ms%s", STR_FMT(type), STR_FMT(sender), c->outcome,
           (double)us / 1000, calls);
}

static void tell(const Callback *c) {
  char text[TYPE_MAX];
  Str type = type_of(c, text);
  int64_t us = clock_now_us() - c->request->received_us;
  bot_metrics_callback(c->webhook->options->metrics, type, str_of(c->outcome), us);
  log_message(c, type, us);
}

static void handle(void *ctx, HttpRequest *request) {
  Webhook *webhook = ctx;
  Callback c = { .webhook = webhook,
                 .request = request,
                 .w = workspace_get(webhook->workspaces),
                 .deadline_us = request->received_us + webhook->options->deadline_ms * 1000,
                 .outcome = "unanswered" };
  MessageHead head;
  Pairs query = { 0 };
  if (!c.w || !url_parse_query(request->query, c.w->arena, &query)) {
    refuse(&c, 503, "no memory");
  } else if (atomic_load_explicit(&webhook->refusing, memory_order_relaxed)) {
    refuse(&c, 503, "the bot is stopping");
  } else if (str_eq(request->method, STR("POST"))) {
    handle_message(&c, &query, &head);
  } else {
    handle_verification(&c, &query);
  }
  if (webhook->options->metrics || log_on(LOG_INFO)) tell(&c);
  workspace_put(webhook->workspaces, c.w);
}

void webhook_route(Webhook *webhook, const HttpRequest *head, HttpRoute *route) {
  bool post = str_eq(head->method, STR("POST"));
  if (!post && !str_eq(head->method, STR("GET"))) {
    route->status = 405;
    route->allow = "GET, POST";
    return;
  }
  route->needs_body = post;
  route->max_body = webhook->options->max_body;
  route->handle = handle;
  route->ctx = webhook;
}
