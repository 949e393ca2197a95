// The callback path.
#include "bot/webhook.h"

#include "base/clock.h"
#include "base/log.h"
#include "bot/answer.h"
#include "bot/bot_metrics.h"
#include "bot/outcome.h"
#include "bot/packed_reply.h"
#include "bot/waiting.h"
#include "codec/url.h"
#include "script/conversation.h"

enum { OWE_BEFORE_US = 200 * 1000 };

static int status_of(const Err *err) {
  switch (err->code) {
    case ERR_FORBIDDEN: return 403;
    case ERR_MEMORY: return 503;
    default: return 400;
  }
}

// ---- a script that does not come back -----------------------------------------------------------

// A script that runs on its message's own thread.
typedef struct {
  Callback *callback;
  Job *job;
} Running;

// On the watcher's thread. The connection's own thread will not read another request soon, so the connection
// ends. False where the script has just answered: the thread itself does the rest.
static bool respond_in_its_place(void *ctx) {
  Running *running = ctx;
  Callback *c = running->callback;
  if (!job_leave(running->job, NULL, JOB_ANSWERED_BEFORE)) return false;
  c->closes = true;
  if (answer_late_way(c->webhook) != LATE_RETRY) answer_owed(c, running->job);
  return true;
}

// ---- the script's side ----

// What duplicates get from now on. A reply that goes out, or is dropped, as a late one is not shown twice.
static void remember(Webhook *webhook, Job *job, bool late) {
  Buf packed;
  buf_init(&packed);
  if (!late || answer_late_way(webhook) == LATE_RETRY) packed_reply_make(job, &packed);
  if (packed.failed) dedupe_forget(webhook->dedupe, job);
  else dedupe_finish(webhook->dedupe, job, buf_str(&packed), clock_now_us());
  if (webhook->peers) peers_finish(webhook->peers, job, buf_str(&packed));
  buf_clear(&packed);
}

static void log_dropped(const Job *job) {
  log_warn("the reply came %.1f s after the message, past deadline_ms; it is dropped (late_reply)",
           (double)(clock_now_us() - job->started_us) / 1000000);
}

// A reply came too late to be the answer. Returns whether it goes out as customer service messages.
static bool send_late(Webhook *webhook, const Job *job, const Answer *answer) {
  LateReply way = answer_late_way(webhook);
  if (answer->reply.form == REPLY_NONE) return false;
  if (way == LATE_DROP) {
    shared_lost(&webhook->shared, "dropped");
    log_dropped(job);
  }
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
  job->place = answer->place;
  bool late = job_finish(job, state, &answer->reply, answer->rest);
  remember(webhook, job, late);
  return late && send_late(webhook, job, answer);
}

static void on_over(void *ctx) {
  Job *job = ctx;
  Webhook *webhook = job->owner;
  job_release(job);
  admission_leave(&webhook->admission, ADMIT_JOB);
}

static void log_not_run(const Webhook *webhook) {
  log_error("the message was not run: other messages left the script no time for it within "
            "job_timeout_s (%lld s), or script_memory_mb no memory",
            (long long)(webhook->options->interpreter.job_timeout_ms / 1000));
}

// Nothing was run: who waits is closed unanswered, and the platform's retry finds no trace.
static void forget(Webhook *webhook, Job *job) {
  dedupe_forget(webhook->dedupe, job);
  if (webhook->peers) peers_forget(webhook->peers, job);
  job_finish(job, TASK_LOST, NULL, STR(""));
}

static void abandon(Webhook *webhook, Job *job) {
  forget(webhook, job);
  admission_leave(&webhook->admission, ADMIT_JOB);
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

// The store has the script shortly before its message is answered without it.
static int64_t owe_at_us(const Callback *c) {
  bool owes = answer_late_way(c->webhook) == LATE_CUSTOMER_SERVICE;
  return owes ? c->deadline_us - OWE_BEFORE_US : 0;
}

// A script that waits for this user's next message gets it, else on_message does. An interpreter that was
// given up while the message waited for it has a successor, one that is busy may have another beside it: try
// that one. The platform has its answer at the deadline; the message waits on for its turn, and its reply is
// late. *answered: it has it already; set if the watcher gave it meanwhile.
static TaskState run(Callback *c, Job *job, const MessageHead *head, Str document, bool *answered) {
  Running running = { c, job };
  int64_t begun_us = 0;
  MessageTask task = { .tree = &c->w->tree,
                       .head = head,
                       .raw = document,
                       .sender = job->from_user,
                       .msgid = job->msgid,
                       .api_calls = &job->api_calls,
                       .begun_us = &begun_us,
                       .said = &job->said,
                       .arena = job->arena,
                       .owner = job_retain(job),
                       .identity = job->identity,
                       .owe_at_us = owe_at_us(c),
                       .late = on_answer,
                       .done = on_done,
                       .over = on_over };
  TaskState state;
  Answer answer;
  int64_t end_us = turn_end_us(c->webhook, job);
  end_conversations_of_leaver(c->webhook, job, head);
  overdue_begin(&c->w->run, *answered ? INT64_MAX : c->deadline_us, respond_in_its_place, &running);
  do {
    int64_t until_us = end_us;
    Conversation *conversation =
        conversations_take(c->webhook->shared.conversations, job->from_user, job->is_event);
    Interpreter *interpreter = conversation ? conversation_interpreter(conversation)
                                            : pool_pick(c->webhook->pool, &until_us);
    state = conversation ? conversation_run_message(conversation, &task, until_us, &answer)
                         : interpreter_answer(interpreter, &task, until_us, &answer);
    interpreter_release(interpreter);
  } while (state == TASK_LOST && pause_before(end_us));
  *answered = overdue_end(&c->w->run) || *answered;
  if (state != TASK_LOST)
    bot_metrics_queue(c->webhook->options->metrics, begun_us - c->received_us);
  if (state == TASK_LOST) {
    log_not_run(c->webhook);
    abandon(c->webhook, job);
  } else if (state != TASK_WAITING) {
    job->place = answer.place;
    bool late = job_finish(job, state, &answer.reply, answer.rest);
    remember(c->webhook, job, late);
    on_over(job);
  }
  return state;
}

static bool job_describe(Job *job, const Callback *c, const MessageHead *head, Str identity) {
  job->owner = c->webhook;
  job->identity = arena_dup(job->arena, identity);
  job->to_user = arena_dup(job->arena, head->to_user);
  job->from_user = arena_dup(job->arena, head->from_user);
  job->msgid = arena_dup(job->arena, c->msgid);
  job->is_event = head->is_event;
  return job->identity.ptr && job->to_user.ptr && job->from_user.ptr && job->msgid.ptr;
}

// The request waits for the job, which expects it.
static void park(Callback *c, Job *job) {
  if (waiting_begin(c, job)) {
    c->outcome = NULL;
    return;
  }
  log_warn("the message could not wait for its answer: no descriptors or no memory");
  if (job_leave(job, NULL, JOB_CLIENT_GONE) || !job_is_finished(job)) answer_nothing(c);
  else answer_job(c, job);
}

static void join(Callback *c, Job *running) {
  if (job_expect(running)) park(c, running);
  else answer_job(c, running);
}

// With the packed answer in `sealed`.
static void answer_before(Callback *c, const MessageHead *head, int64_t answered_s) {
  Str packed = arena_dup(c->w->arena, buf_str(&c->w->sealed));
  buf_reset(&c->w->sealed);
  if (packed.ptr) answer_packed(c, packed, head->from_user, head->to_user, answered_s);
  else answer_nothing(c);
}

static void refuse_for_now(Callback *c) {
  log_warn("the message was closed unanswered: max_jobs (%lld) messages and pages are under way "
           "already; "
           "the platform tries it again",
           (long long)c->webhook->options->max_jobs);
  answer_nothing(c);
}

static void run_new(Callback *c, Job *job, const MessageHead *head, Str document, bool answered) {
  Webhook *webhook = c->webhook;
  if (!admission_enter(&webhook->admission, ADMIT_JOB)) {
    forget(webhook, job);
    if (!answered) refuse_for_now(c);
    return;
  }
  TaskState state = run(c, job, head, document, &answered);
  if (answered) return;
  if (state == TASK_WAITING) park(c, job);
  else answer_job(c, job);
}

// Another process has it under way: waits for its answer as for a slow script's. False when that process
// died: the message is to be answered anew.
static bool answer_as_peer(Callback *c, Job *job, const MessageHead *head) {
  Webhook *webhook = c->webhook;
  int64_t answered_s = 0;
  dedupe_forget(webhook->dedupe, job);
  peers_forget(webhook->peers, job);
  job_finish(job, TASK_LOST, NULL, STR(""));
  buf_reset(&c->w->sealed);
  PeersResult result = peers_wait(webhook->peers, job, c->deadline_us, &c->w->sealed, &answered_s);
  if (result == PEERS_RUNNING && answer_late_way(webhook) == LATE_RETRY) answer_nothing(c);
  else if (result == PEERS_RUNNING) answer_owed(c, job);
  if (result == PEERS_ANSWERED) answer_before(c, head, answered_s);
  return result != PEERS_MINE;
}

// A store that is slow keeps no message past its deadline: then *answered is set.
static PeersResult claim(Callback *c, Job *job, int64_t *answered_s, bool *answered) {
  Peers *peers = c->webhook->peers;
  Running running = { c, job };
  if (!peers) return PEERS_MINE;
  overdue_begin(&c->w->run, c->deadline_us, respond_in_its_place, &running);
  PeersResult result = peers_claim(peers, job, &c->w->sealed, answered_s);
  *answered = overdue_end(&c->w->run);
  return result;
}

static bool answer_new(Callback *c, Job *job, const MessageHead *head, Str document) {
  int64_t answered_s = 0;
  bool answered = false;
  PeersResult result = claim(c, job, &answered_s, &answered);
  if (result == PEERS_RUNNING && !answered) return answer_as_peer(c, job, head);
  if (result == PEERS_MINE) {
    run_new(c, job, head, document, answered);
    return true;
  }
  dedupe_forget(c->webhook->dedupe, job);
  peers_forget(c->webhook->peers, job);
  job_finish(job, TASK_LOST, NULL, STR(""));
  if (!answered) answer_before(c, head, answered_s);
  return true;
}

// False: it is to be tried anew.
static bool try_to_answer(Callback *c, const MessageHead *head, Str document) {
  Webhook *webhook = c->webhook;
  Workspace *w = c->w;
  bool done = true;
  Job *job = job_new(webhook->jobs, c->received_us), *running = NULL;
  if (!job || w->identity.failed || !job_describe(job, c, head, buf_str(&w->identity))) {
    if (job) job_release(job);
    answer_refuse(c, 503, "no memory");
    return true;
  }
  int64_t answered_s = 0;
  DedupeResult found =
      dedupe_enter(webhook->dedupe, job, c->received_us, &running, &w->sealed, &answered_s);
  c->attempt = job->attempt;
  switch (found) {
    case DEDUPE_NEW: done = answer_new(c, job, head, document); break;
    case DEDUPE_RUNNING:
      join(c, running);
      job_release(running);
      break;
    case DEDUPE_ANSWERED: answer_before(c, head, answered_s); break;
    case DEDUPE_NO_MEMORY: answer_refuse(c, 503, "no memory"); break;
  }
  job_release(job);
  return done;
}

static void answer_message(Callback *c, const MessageHead *head, Str document) {
  message_identity(head, &c->w->tree, &c->w->identity);
  while (!try_to_answer(c, head, document)) {
  }
}

// The event's name, or the message's type, in lower case: what scripts call msg.type.
static Str type_of(const MessageHead *head, char text[ANSWER_TYPE_MAX]) {
  Str type = head->is_event ? head->event : head->msg_type;
  size_t len = str_utf8_prefix(type, ANSWER_TYPE_MAX);
  for (size_t i = 0; i < len; i++) {
    char letter = type.ptr[i];
    text[i] = letter >= 'A' && letter <= 'Z' ? (char)(letter + 32) : letter;
  }
  return str_make(text, len);
}

// ---- the request's side ----

static void handle_verification(Callback *c, const Pairs *query) {
  Err err;
  Str echostr;
  const BotOptions *options = c->webhook->options;
  if (!verify_query(options->account, options->replay_window_s, query, clock_unix_s(), c->w,
                    &err)) {
    return answer_refuse(c, status_of(&err), err.text);
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
    return answer_refuse(c, status_of(&err), err.text);
  }
  c->credential = verified.credential;
  c->sealed = verified.sealed;
  c->type = type_of(&head, type);
  c->sender = head.from_user;
  c->account = options->account->appid.len > 0 ? options->account->appid : head.to_user;
  c->msgid = msgid_of(&head, c->w);
  answer_begin_lines(c);
  if (options->on_message) options->on_message(options->on_message_ctx, verified.document);
  answer_message(c, &head, verified.document);
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
    answer_refuse(&c, 503, "no memory");
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
