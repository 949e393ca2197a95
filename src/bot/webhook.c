// Requests on the callback path.
#include "bot/webhook.h"

#include "base/clock.h"
#include "base/log.h"
#include "bot/answer.h"
#include "bot/bot_metrics.h"
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

// Hangs up on a request that was held for the platform's next try.
static bool end_held(void *request) {
  server_hang_up(request);
  return true;
}

// On the watcher's thread: answers in place of the request's thread, which will not read another request soon, so the
// connection is closed. Returns false if the script has just answered: then the request's thread does the rest.
static bool respond_in_its_place(void *ctx) {
  Running *running = ctx;
  Callback *c = running->callback;
  if (!job_leave(running->job, NULL, JOB_ANSWERED_BEFORE)) return false;
  c->closes = true;
  if (!answer_awaits_retry(c, running->job)) answer_owed(c, running->job);
  else overdue_begin(&c->w->held, c->received_us + WAITING_HELD_MS * 1000, end_held, c->request);
  return true;
}

// ---- what becomes of a message ------------------------------------------------------------------

// The steps of a message are taken in turn until one of them decides.
typedef enum {
  UNDECIDED,           // so far: the next step decides
  NO_MEMORY,           // to answer it
  TOO_MANY,            // max_jobs are under way
  UNDER_WAY,           // this process is answering it
  ANSWERED_BEFORE,     // this process has answered it
  ELSEWHERE,           // another process has it, or the store has not said yet
  ANSWERED_ELSEWHERE,  // another process has answered it
  KEPT,                // a kept answer is its answer
  QUEUED,              // its script waits for its turn
  WAITS,               // its script has begun, and waits for something
  ANSWERED,            // its script has answered
  OVERDUE              // the watcher answered in the script's place
} Decision;

// A message on its way to its answer.
typedef struct {
  const RunMessage *message;
  Job *job;            // held; NULL without memory
  Job *running;        // UNDER_WAY: the job of the same message, held
  Follow *follow;      // ELSEWHERE
  Str packed;          // ANSWERED_BEFORE, ANSWERED_ELSEWHERE, KEPT: NULL without memory
  int64_t answered_s;  // ANSWERED_BEFORE, ANSWERED_ELSEWHERE
  bool is_overdue;     // QUEUED: its request is answered
} Incoming;

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

static Decision make_job(Callback *c, Incoming *in) {
  const RunMessage *message = in->message;
  Buf *identity = &c->w->identity;
  message_identity(message->head, message->tree, identity);
  in->job = job_new(c->webhook->jobs, c->received_us);
  bool ok =
      in->job && !identity->failed && job_describe(in->job, c, message->head, buf_str(identity));
  return ok ? UNDECIDED : NO_MEMORY;
}

// Whether this process knows the message.
static Decision look_up(Callback *c, Incoming *in) {
  Buf *packed = &c->w->sealed;
  DedupeResult found = dedupe_enter(c->webhook->dedupe, in->job, c->received_us, &in->running,
                                    packed, &in->answered_s);
  c->attempt = in->job->attempt;
  switch (found) {
    case DEDUPE_NEW: return UNDECIDED;
    case DEDUPE_RUNNING: return UNDER_WAY;
    case DEDUPE_NO_MEMORY: return NO_MEMORY;
    case DEDUPE_ANSWERED: break;
  }
  in->packed = arena_dup(c->w->arena, buf_str(packed));
  buf_reset(packed);
  return ANSWERED_BEFORE;
}

static Decision admit(Callback *c, Incoming *in) {
  if (admission_enter(&c->webhook->admission, ADMIT_JOB)) return UNDECIDED;
  run_forget(c->webhook, in->job);
  return TOO_MANY;
}

static void begin_trail(Callback *c, Job *job, const RunMessage *message) {
  Capture *capture = c->webhook->options->capture;
  if (capture)
    c->trail = job->trail = capture_begin(capture, message->document, message->tree->is_clean,
                                          job->from_user, c->received_us);
}

// Whether another process has the message, or an answer is kept for its user. A message that shows no reply takes none.
static Decision claim(Callback *c, Incoming *in) {
  PeersResult result = PEERS_MINE;
  Job *job = in->job;
  const MessageHead *head = in->message->head;
  bool is_text = !head->is_event && str_eq(head->msg_type, STR("text"));
  in->follow = follow_claim(c->webhook, job, is_text, !job->is_silent);
  bool is_known = !in->follow || follow_await(in->follow, &result, &in->packed, &in->answered_s);
  if (!is_known || result == PEERS_MINE || job->kept_as) begin_trail(c, job, in->message);
  if (!is_known || result == PEERS_RUNNING) return ELSEWHERE;
  if (in->follow) follow_end(in->follow);
  if (result == PEERS_MINE) return UNDECIDED;
  return job->kept_as ? KEPT : ANSWERED_ELSEWHERE;
}

// Runs the script's first slice. Hangs up a request that the watcher left to the platform's next try.
static Decision run_first_slice(Callback *c, Incoming *in) {
  Running running = { c, in->job };
  overdue_begin(&c->w->run, c->deadline_us, respond_in_its_place, &running);
  TaskState state = run_here(c->webhook, in->job, in->message);
  in->is_overdue = overdue_end(&c->w->run);
  if (in->is_overdue) {
    overdue_end(&c->w->held);
    answer_hang_up(c);
  }
  if (state == TASK_LOST) return QUEUED;
  if (in->is_overdue) return OVERDUE;
  return state == TASK_WAITING ? WAITS : ANSWERED;
}

static Decision decide(Callback *c, Incoming *in) {
  Decision decision = make_job(c, in);
  if (decision == UNDECIDED) decision = look_up(c, in);
  if (decision == UNDECIDED) decision = admit(c, in);
  if (decision == UNDECIDED) decision = claim(c, in);
  if (decision == UNDECIDED) decision = run_first_slice(c, in);
  return decision;
}

// ---- its answer ---------------------------------------------------------------------------------

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

// Answers with an answer of before; with nothing if there was no memory for it.
static void answer_again(Callback *c, Incoming *in) {
  const MessageHead *head = in->message->head;
  Str packed = in->packed;
  if (packed.ptr && run_is_outdated(c->webhook, in->job)) packed = STR("");
  if (packed.ptr) answer_packed(c, packed, head->from_user, head->to_user, in->answered_s);
  else answer_nothing(c);
}

static void answer_before(Callback *c, Incoming *in) {
  KeptAnswers *kept = c->webhook->shared.kept;
  answer_again(c, in);
  if (kept) kept_answers_given(kept, in->job->from_user, in->job->identity, true);
}

static void refuse_for_now(Callback *c) {
  log_warn("the message was closed unanswered: max_jobs (%lld) messages and pages are under way "
           "already; the platform tries it again",
           (long long)c->webhook->options->max_jobs);
  answer_nothing(c);
}

// Forgets an admitted job without memory to run it.
static void forget_for_memory(Callback *c, Job *job) {
  if (job->has_entry) keep_drop(c->webhook->shared.keep, job->from_user, job->identity);
  run_forget(c->webhook, job);
  admission_leave(&c->webhook->admission, ADMIT_JOB);
  close_for_memory(c);
}

static void run_later(Callback *c, Incoming *in) {
  Run *run = run_keep(c->webhook, in->job, in->message);
  if (run) run_in_turn(run);
  if (!run) forget_for_memory(c, in->job);
  else if (!in->is_overdue) park(c, in->job);
}

// Parks a message until the store says which process has it; this thread does not wait.
static void follow_later(Callback *c, Incoming *in) {
  Run *run = run_keep(c->webhook, in->job, in->message);
  if (run) {
    follow_begin(in->follow, run);
    park(c, in->job);
  } else {
    follow_end(in->follow);
    forget_for_memory(c, in->job);
  }
}

static void answer_as_peer(Callback *c, Incoming *in) {
  answer_again(c, in);
  dedupe_forget(c->webhook->dedupe, in->job);
  peers_forget(c->webhook->peers, in->job);
  job_finish(in->job, TASK_LOST, NULL, STR(""));
  admission_leave(&c->webhook->admission, ADMIT_JOB);
}

static void give_kept(Callback *c, Incoming *in) {
  kept_finish(c->webhook, in->job, in->packed);
  admission_leave(&c->webhook->admission, ADMIT_JOB);
  answer_job(c, in->job);
}

static void answer_message(Callback *c, const RunMessage *message) {
  Incoming in = { .message = message };
  switch (decide(c, &in)) {
    case UNDECIDED:
    case OVERDUE: break;
    case NO_MEMORY: close_for_memory(c); break;
    case TOO_MANY: refuse_for_now(c); break;
    case UNDER_WAY: join(c, in.running); break;
    case ANSWERED_BEFORE: answer_before(c, &in); break;
    case ELSEWHERE: follow_later(c, &in); break;
    case ANSWERED_ELSEWHERE: answer_as_peer(c, &in); break;
    case KEPT: give_kept(c, &in); break;
    case QUEUED: run_later(c, &in); break;
    case WAITS: park(c, in.job); break;
    case ANSWERED: answer_job(c, in.job); break;
  }
  if (in.running) job_release(in.running);
  if (in.job) job_release(in.job);
}

// ---- request ------------------------------------------------------------------------------------

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
  message_log_id(head, &w->identity);
  Str msgid = arena_dup(w->arena, buf_str(&w->identity));
  buf_reset(&w->identity);
  return msgid;
}

static void describe(Callback *c, const MessageHead *head, char type[ANSWER_TYPE_MAX]) {
  const Account *account = c->webhook->options->account;
  c->type = type_of(head, type);
  c->sender = head->from_user;
  if (!str_to_int64(head->create_time, &c->created_s)) c->created_s = 0;
  c->account = account->appid.len > 0 ? account->appid : head->to_user;
  c->msgid = msgid_of(head, c->w);
}

static void show_message(Callback *c, Str document) {
  Live *live = c->webhook->options->live;
  LiveSubject of = { c->sender, c->msgid, c->received_us };
  if (live_has_room(live, c->received_us)) live_message(live, &of, c->type, document);
  else c->left_out = 1;
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
  describe(c, &head, type);
  answer_begin_lines(c);
  if (options->on_message) options->on_message(options->on_message_ctx, verified.document);
  if (live_is_watched(options->live)) show_message(c, verified.document);
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

// ---- messages of processes that have ended --------------------------------------------------------

// Returns false without memory.
static bool run_resumed(Callback *c, Incoming *in) {
  Run *run = run_keep(c->webhook, in->job, in->message);
  if (!run) {
    run_forget(c->webhook, in->job);
    admission_leave(&c->webhook->admission, ADMIT_JOB);
    return false;
  }
  job_leave(in->job, NULL, JOB_ANSWERED_BEFORE);
  answer_is_past(c->webhook, in->job);
  if (c->webhook->peers) peers_mark(c->webhook->peers, in->job->identity);
  run_resume(run);
  return true;
}

// `lapses` as in KeptRun. Returns false if the entry is to be put back: without memory, or while this process has the
// message under way. That run takes the entry over when it begins, or ends without having answered.
static bool resume(Callback *c, const RunMessage *message, int64_t lapses) {
  Incoming in = { .message = message };
  Decision decision = make_job(c, &in);
  if (decision == UNDECIDED) {
    in.job->is_resumed = true;
    in.job->lapses = lapses;
  }
  if (decision == UNDECIDED) decision = look_up(c, &in);
  if (decision == UNDECIDED) decision = admit(c, &in);
  bool answered = decision == ANSWERED_BEFORE;
  if (answered) keep_drop(c->webhook->shared.keep, in.job->from_user, in.job->identity);
  bool resumed = answered || (decision == UNDECIDED && run_resumed(c, &in));
  if (in.running) job_release(in.running);
  if (in.job) job_release(in.job);
  return resumed;
}

bool webhook_resume(Webhook *webhook, const KeptRun *kept) {
  Callback c = { .webhook = webhook,
                 .w = workspace_get(webhook->workspaces),
                 .received_us = clock_now_us() };
  char type[ANSWER_TYPE_MAX];
  MessageHead head;
  bool ok = c.w && message_parse(c.w->xml, kept->message, &c.w->tree, &head, NULL);
  if (ok) describe(&c, &head, type);
  ok = ok && resume(&c, &(RunMessage){ &c.w->tree, &head, kept->message }, kept->lapses);
  workspace_put(webhook->workspaces, c.w);
  return ok;
}

// It has no message, and the server has logged why.
static void count_refused(void *ctx, const HttpRequest *request) {
  const Webhook *webhook = ctx;
  bot_metrics_callback(webhook->options->metrics, STR("none"), STR("refused"),
                       clock_now_us() - request->received_us);
}

void webhook_route(Webhook *webhook, const HttpRequest *head, HttpRoute *route) {
  bool post = str_eq(head->method, STR("POST"));
  route->ctx = webhook;
  route->refused = count_refused;
  if (!post && !str_eq(head->method, STR("GET"))) {
    route->status = 405;
    route->allow = "GET, POST";
    return;
  }
  route->needs_body = post;
  route->max_body = webhook->options->max_body;
  route->handle = handle;
}
