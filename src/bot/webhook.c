// Requests on the callback path.
#include "bot/webhook.h"

#include "base/clock.h"
#include "base/log.h"
#include "bot/answer.h"
#include "bot/capture.h"
#include "bot/follow.h"
#include "bot/kept.h"
#include "bot/live.h"
#include "bot/outcome.h"
#include "bot/run.h"
#include "bot/waiting.h"
#include "codec/url.h"
#include "script/kept_answers.h"

// The platform takes any status for an answer, so a 503 would lose the message.
static void close_for_memory(Callback *c) {
  log_warn("a request was closed unanswered: no memory; the platform tries it again");
  answer_nothing(c);
}

static void refuse(Callback *c, const Err *err) {
  if (err->code == ERR_MEMORY) return close_for_memory(c);
  answer_refuse(c, err->code == ERR_FORBIDDEN ? 403 : 400, err->text);
}

// ---- stuck scripts ------------------------------------------------------------------------------

// A script that runs on its request's thread.
typedef struct {
  Callback *callback;
  Job *job;
} Running;

// On the watcher's thread: answers in place of the request's thread, which will not read another request soon, so the
// connection is closed. Returns false if the script has just answered: then the request's thread does the rest.
static bool respond_in_its_place(void *ctx) {
  Running *running = ctx;
  Callback *c = running->callback;
  if (!job_leave(running->job, NULL, JOB_ANSWERED_BEFORE)) return false;
  c->closes = true;
  if (!answer_awaits_retry(c, running->job)) answer_owed(c, running->job);
  return true;
}

// ---- message ------------------------------------------------------------------------------------

// Copies a text to `at`, NUL-terminated. Returns the position after the NUL.
static char *put(char *at, Str text, Str *copy) {
  if (text.len) memcpy(at, text.ptr, text.len);
  at[text.len] = '\0';
  *copy = str_make(at, text.len);
  return at + text.len + 1;
}

static bool job_describe(Job *job, const Callback *c, const MessageHead *head, Str identity) {
  size_t len = identity.len + head->to_user.len + head->from_user.len + c->msgid.len;
  char *at = arena_alloc(job->arena, len + 4);
  if (!at) return false;
  at = put(at, identity, &job->identity);
  at = put(at, head->to_user, &job->to_user);
  at = put(at, head->from_user, &job->from_user);
  put(at, c->msgid, &job->msgid);
  job->owner = c->webhook;
  job->created_s = c->created_s;
  job->is_event = head->is_event;
  job->is_silent = head->is_event && message_is_silent(c->type);
  return true;
}

// Makes the request wait for the job, which expects it.
static void park(Callback *c, Job *job) {
  if (waiting_begin(c, job)) {
    c->outcome = NULL;
    return;
  }
  log_warn("the message could not be parked until its answer: no file descriptors or no memory");
  if (job_leave(job, NULL, JOB_CLIENT_GONE) || !job_is_finished(job)) answer_nothing(c);
  else answer_job(c, job);
}

static void join(Callback *c, Job *running) {
  c->trail = running->trail;
  if (job_expect(running)) park(c, running);
  else answer_job(c, running);
}

// Answers a duplicate. The packed answer is in the workspace's `sealed`.
static void answer_before(Callback *c, const Job *job, const MessageHead *head,
                          int64_t answered_s) {
  Str packed = arena_dup(c->w->arena, buf_str(&c->w->sealed));
  buf_reset(&c->w->sealed);
  if (packed.ptr && run_is_outdated(c->webhook, job)) packed = STR("");
  if (packed.ptr) answer_packed(c, packed, head->from_user, head->to_user, answered_s);
  else answer_nothing(c);
  KeptAnswers *kept = c->webhook->shared.kept;
  if (kept) kept_answers_given(kept, job->from_user, job->identity, true);
}

static void refuse_for_now(Callback *c) {
  log_warn("the message was closed unanswered: max_jobs (%lld) messages and pages are under way "
           "already; the platform tries it again",
           (long long)c->webhook->options->max_jobs);
  answer_nothing(c);
}

// Forgets an admitted job without memory to run it.
static void forget_for_memory(Callback *c, Job *job) {
  run_forget(c->webhook, job);
  admission_leave(&c->webhook->admission, ADMIT_JOB);
  close_for_memory(c);
}

// Queues the job. `answered`: the request is already answered.
static void run_later(Callback *c, Job *job, const RunMessage *message, bool answered) {
  Run *run = run_keep(c->webhook, job, message);
  if (run) run_in_turn(run);
  if (!run) forget_for_memory(c, job);
  else if (!answered) park(c, job);
}

static void run_new(Callback *c, Job *job, const RunMessage *message) {
  Running running = { c, job };
  overdue_begin(&c->w->run, c->deadline_us, respond_in_its_place, &running);
  TaskState state = run_here(c->webhook, job, message);
  bool answered = overdue_end(&c->w->run);
  if (answered)
    answer_hang_up(c);  // for a request that the watcher left to the platform's next
                        // try
  if (state == TASK_LOST) run_later(c, job, message, answered);
  else if (!answered && state == TASK_WAITING) park(c, job);
  else if (!answered) answer_job(c, job);
}

// Ends a job that another process has answered.
static void end_as_peer(Callback *c, Job *job) {
  dedupe_forget(c->webhook->dedupe, job);
  peers_forget(c->webhook->peers, job);
  job_finish(job, TASK_LOST, NULL, STR(""));
  admission_leave(&c->webhook->admission, ADMIT_JOB);
}

// Parks a message until the store says which process has it; this thread does not wait.
static void follow_later(Callback *c, Job *job, const RunMessage *message, Follow *follow) {
  Run *run = run_keep(c->webhook, job, message);
  if (run) {
    follow_begin(follow, run);
    park(c, job);
  } else {
    follow_end(follow);
    forget_for_memory(c, job);
  }
}

static void answer_as_peer(Callback *c, Job *job, const MessageHead *head, Str packed,
                           int64_t answered_s) {
  if (packed.ptr && run_is_outdated(c->webhook, job)) packed = STR("");
  if (packed.ptr) answer_packed(c, packed, head->from_user, head->to_user, answered_s);
  else answer_nothing(c);
  end_as_peer(c, job);
}

// Answers the message with the kept answer.
static void give_kept(Callback *c, Job *job, Str packed) {
  Webhook *webhook = c->webhook;
  kept_finish(webhook, job, packed);
  admission_leave(&webhook->admission, ADMIT_JOB);
  answer_job(c, job);
}

static void begin_trail(Callback *c, Job *job, const RunMessage *message) {
  Capture *capture = c->webhook->options->capture;
  if (capture)
    c->trail = job->trail =
        capture_begin(capture, message->document, job->from_user, c->received_us);
}

static void answer_admitted(Callback *c, Job *job, const RunMessage *message) {
  PeersResult result = PEERS_MINE;
  Str packed = { 0 };
  int64_t answered_s = 0;
  bool is_text = !message->head->is_event && str_eq(message->head->msg_type, STR("text"));
  // A message that shows no reply takes no kept answer.
  Follow *follow = follow_claim(c->webhook, job, is_text, !job->is_silent);
  bool is_known = !follow || follow_await(follow, &result, &packed, &answered_s);
  if (!is_known || result == PEERS_MINE || job->kept_as) begin_trail(c, job, message);
  if (!is_known || result == PEERS_RUNNING) return follow_later(c, job, message, follow);
  if (follow) follow_end(follow);
  if (result == PEERS_MINE) run_new(c, job, message);
  else if (job->kept_as) give_kept(c, job, packed);
  else answer_as_peer(c, job, message->head, packed, answered_s);
}

static void answer_new(Callback *c, Job *job, const RunMessage *message) {
  Webhook *webhook = c->webhook;
  if (admission_enter(&webhook->admission, ADMIT_JOB)) return answer_admitted(c, job, message);
  run_forget(webhook, job);
  refuse_for_now(c);
}

static void answer_known(Callback *c, Job *job, const RunMessage *message) {
  Workspace *w = c->w;
  Job *running = NULL;
  int64_t answered_s = 0;
  DedupeResult found =
      dedupe_enter(c->webhook->dedupe, job, c->received_us, &running, &w->sealed, &answered_s);
  c->attempt = job->attempt;
  switch (found) {
    case DEDUPE_NEW: answer_new(c, job, message); break;
    case DEDUPE_RUNNING:
      join(c, running);
      job_release(running);
      break;
    case DEDUPE_ANSWERED: answer_before(c, job, message->head, answered_s); break;
    case DEDUPE_NO_MEMORY: close_for_memory(c); break;
  }
}

static void answer_message(Callback *c, const RunMessage *message) {
  Workspace *w = c->w;
  message_identity(message->head, message->tree, &w->identity);
  Job *job = job_new(c->webhook->jobs, c->received_us);
  if (job && !w->identity.failed && job_describe(job, c, message->head, buf_str(&w->identity)))
    answer_known(c, job, message);
  else close_for_memory(c);
  if (job) job_release(job);
}

// Returns the event's name, or the message's type, in lower case, like msg.type in scripts.
static Str type_of(const MessageHead *head, char text[ANSWER_TYPE_MAX]) {
  Str type = head->is_event ? head->event : head->msg_type;
  size_t len = str_utf8_prefix(type, ANSWER_TYPE_MAX);
  for (size_t i = 0; i < len; i++) {
    char letter = type.ptr[i];
    text[i] = letter >= 'A' && letter <= 'Z' ? (char)(letter + 32) : letter;
  }
  return str_make(text, len);
}

// ---- request ----

static void handle_verification(Callback *c, const Pairs *query) {
  Err err;
  Str echostr;
  const BotOptions *options = c->webhook->options;
  if (!verify_query(options->account, options->replay_window_s, query, clock_unix_s(), c->w,
                    &err)) {
    return refuse(c, &err);
  }
  if (pairs_get(query, STR("echostr"), &echostr) != 1)
    return answer_refuse(c, 400, "echostr is missing, or given more than once");
  c->outcome = "verified";
  answer_with(c, 200, echostr);
}

static Str msgid_of(const MessageHead *head, Workspace *w) {
  if (head->msg_id.len > 0) return head->msg_id;
  outcome_msgid(head, &w->identity);
  Str msgid = arena_dup(w->arena, buf_str(&w->identity));
  buf_reset(&w->identity);
  return msgid;
}

static void handle_message(Callback *c, const Pairs *query, char type[ANSWER_TYPE_MAX]) {
  Err err;
  Verified verified;
  MessageHead head;
  const BotOptions *options = c->webhook->options;
  if (!verify_callback(options->account, options->replay_window_s, query, c->request->body,
                       clock_unix_s(), c->w, &verified, &err) ||
      !message_parse(c->w->xml, verified.document, &c->w->tree, &head, &err)) {
    return refuse(c, &err);
  }
  c->credential = verified.credential;
  c->sealed = verified.sealed;
  c->type = type_of(&head, type);
  c->sender = head.from_user;
  if (!str_to_int64(head.create_time, &c->created_s)) c->created_s = 0;
  c->account = options->account->appid.len > 0 ? options->account->appid : head.to_user;
  c->msgid = msgid_of(&head, c->w);
  answer_begin_lines(c);
  if (options->on_message) options->on_message(options->on_message_ctx, verified.document);
  if (live_is_watched(options->live)) {
    LiveSubject of = { c->sender, c->msgid, c->received_us };
    live_message(options->live, &of, c->type, verified.document);
  }
  answer_message(c, &(RunMessage){ &c->w->tree, &head, verified.document });
}

static void handle(void *ctx, HttpRequest *request) {
  Webhook *webhook = ctx;
  Callback c = { .webhook = webhook,
                 .request = request,
                 .w = workspace_get(webhook->workspaces),
                 .received_us = request->received_us,
                 .deadline_us = request->received_us + webhook->options->deadline_ms * 1000,
                 .outcome = "unanswered" };
  char type[ANSWER_TYPE_MAX];
  Pairs query = { 0 };
  LogSubject before = log_about((LogSubject){ 0 });
  if (!c.w || !url_parse_query(request->query, c.w->arena, &query)) {
    close_for_memory(&c);
  } else if (str_eq(request->method, STR("POST"))) {
    handle_message(&c, &query, type);
  } else {
    handle_verification(&c, &query);
  }
  if (c.outcome) answer_tell(&c);
  log_about(before);
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
