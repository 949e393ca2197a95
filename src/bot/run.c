// Runs each message: in its conversation or in on_message, on its own thread or in its turn.
#include "bot/run.h"

#include "base/clock.h"
#include "base/log.h"
#include "bot/answer.h"
#include "bot/bot_metrics.h"
#include "bot/kept.h"
#include "bot/queued.h"
#include "bot/run_entry.h"
#include "bot/run_reply.h"
#include "script/cancels.h"
#include "script/conversation.h"
#include "script/keep.h"

struct Run {
  Queued queued;  // first
  UserPlace place;
  bool is_counted;  // by admission_turn_awaited
  Webhook *webhook;
  Job *job;
  RunMessage message;
  RunEntry entry;
  bool was_lost;      // another process was known to have the message when this run was queued
  bool is_warned_of;  // warn_unsaved was called
};

// ---- reply --------------------------------------------------------------------------------------

// Called when the first slice has the answer, which its caller gets.
static bool on_answer(void *ctx, const Answer *answer) {
  Job *job = ctx;
  return job_settle(job) && run_reply_late(job->owner, job, answer);
}

// Called when a suspended script has its answer.
static bool on_done(void *ctx, TaskState state, const Answer *answer) {
  Job *job = ctx;
  Webhook *webhook = job->owner;
  if (webhook->peers && peers_has_lost(webhook->peers, job)) {
    run_forget(webhook, job);
    return false;
  }
  return run_reply_finish(webhook, job, state, answer) && run_reply_late(webhook, job, answer);
}

static void on_over(void *ctx) {
  Job *job = ctx;
  Webhook *webhook = job->owner;
  job_release(job);
  admission_leave(&webhook->admission, ADMIT_JOB);
}

// ---- first slice --------------------------------------------------------------------------------

// Ends the conversations of a user who unsubscribes; one in the store soon, as no message waits for that.
static void end_conversations_of_leaver(Webhook *webhook, const Job *job, const MessageHead *head) {
  Keep *keep = webhook->shared.keep;
  if (!head->is_event || !str_eq_nocase(head->event, STR("unsubscribe"))) return;
  conversations_end_user(webhook->shared.conversations, job->from_user, "unsubscribe");
  if (keep_has_conversations(keep)) keep_note_leaver(keep, job->from_user);
}

// The script is put into the store shortly before its message is answered without it.
static int64_t owe_at_us(const Webhook *webhook, const Job *job) {
  LateReply way = webhook->options->late_reply;
  bool owes = way == LATE_AUTO || way == LATE_CUSTOMER_SERVICE || way == LATE_KEEP;
  return owes ? job->started_us + webhook->options->deadline_ms * 1000 - RUN_OWE_BEFORE_US : 0;
}

// MessageTask.owes: false while the platform is to try again first.
static bool owes(void *ctx) {
  Job *job = ctx;
  Webhook *webhook = job->owner;
  // Another process may have stored the run, which must not be overwritten.
  if (webhook->peers && peers_is_in_doubt(webhook->peers, job)) return false;
  if (answer_late_way(webhook, job) != LATE_KEEP) return true;
  bool is_last = atomic_load(&job->last_try) || atomic_load(&job->tries) >= ANSWER_TRIES;
  // The user can write as soon as the request is answered, so the promise is stored first.
  if (is_last) kept_promise(webhook, job);
  return is_last;
}

static bool is_in_doubt(void *ctx) {
  Job *job = ctx;
  Webhook *webhook = job->owner;
  return peers_is_in_doubt(webhook->peers, job);
}

static bool confirm(void *ctx, void (*told)(void *ctx, bool mine), void *told_ctx) {
  Job *job = ctx;
  Webhook *webhook = job->owner;
  return peers_confirm(webhook->peers, job, told, told_ctx);
}

static const MessageClaim CLAIM = { is_in_doubt, confirm };

// Returns whether the message is so old that a process may have put its run into the store and then ended without an
// answer.
static bool may_be_owed(const Webhook *webhook, const MessageHead *head) {
  Keep *keep = webhook->shared.keep;
  int64_t created_s;
  if (!keep || !keep_may_owe(keep)) return false;
  return str_to_int64(head->create_time, &created_s) &&
         clock_unix_s() - created_s >=
             (webhook->options->deadline_ms - RUN_OWE_BEFORE_US / 1000) / 1000;
}

static TaskRank rank_of(const Job *job) {
  return (TaskRank){ .made_s = job->created_s, .arrived_us = job->started_us };
}

bool run_is_outdated(Webhook *webhook, const Job *job) {
  return cancels_is_outdated(webhook->shared.cancels, job->from_user, job->identity, rank_of(job));
}

// MessageTask.is_newest: the kept answer of an earlier message no longer precedes this answer.
static void on_newest(void *ctx) {
  Job *job = ctx;
  atomic_store(&job->kept_waits, false);
}

// `unbegun` as in MessageTask.
static MessageTask task_of(Webhook *webhook, Job *job, const RunMessage *message, bool *unbegun) {
  return (MessageTask){ .tree = message->tree,
                        .head = message->head,
                        .raw = message->document,
                        .sender = job->from_user,
                        .msgid = job->msgid,
                        .trail = job->trail,
                        .api_calls = &job->api_calls,
                        .said = &job->said,
                        .identity = job->identity,
                        .taken = &job->taken,
                        .unbegun = unbegun,
                        .lapses = &job->lapses,
                        .is_elsewhere = &job->is_elsewhere,
                        .may_be_owed = !*unbegun && may_be_owed(webhook, message->head),
                        .owe_at_us = owe_at_us(webhook, job),
                        .owes = owes,
                        .claim = webhook->peers ? &CLAIM : NULL,
                        .arena = job->arena,
                        .awaits_script = &job->awaits_script,
                        .rank = rank_of(job),
                        .due_us = job->started_us + webhook->options->deadline_ms * 1000,
                        .owner = job,
                        .late = on_answer,
                        .done = on_done,
                        .is_newest = on_newest,
                        .over = on_over };
}

// Runs the message in the script that waits for this user's next message, else in on_message. Waits for `in` (NULL:
// none); any other interpreter must be free soon.
static TaskState run_somewhere(Webhook *webhook, Interpreter *in, const MessageTask *task,
                               Answer *answer) {
  bool busy;
  Conversation *conversation =
      conversations_take(webhook->shared.conversations, task->sender, task->head->is_event, &busy);
  *task->awaits_script = busy;
  if (busy) return TASK_LOST;  // the message waits for the script
  if (conversation) {
    Interpreter *its = conversation_interpreter(conversation);
    TaskState state = conversation_run_message(conversation, task,
                                               its == in ? INT64_MAX : INTERPRETER_SOON, answer);
    interpreter_release(its);
    if (state == TASK_LOST) *task->awaits_script = true;
    return state;
  }
  if (in) return interpreter_answer(in, task, INT64_MAX, answer);
  Interpreter *picked = pool_pick(webhook->pool);
  TaskState state = interpreter_answer(picked, task, INTERPRETER_SOON, answer);
  interpreter_release(picked);
  return state;
}

static TaskState finish_first(Webhook *webhook, Job *job, TaskState state, const Answer *answer) {
  run_reply_finish(webhook, job, state, answer);
  on_over(job);
  return state;
}

// The end of the run releases the run's hold of the job. `unbegun` as in MessageTask.
static TaskState first_slice(Webhook *webhook, Interpreter *in, Job *job, const RunMessage *message,
                             bool *unbegun) {
  MessageTask task = task_of(webhook, job, message, unbegun);
  int64_t begun_us = 0, received_us = job->started_us;
  Answer answer = { .reply.form = REPLY_NONE };
  if (atomic_load(&job->taken)) return finish_first(webhook, job, TASK_RETURNED, &answer);
  if (run_is_outdated(webhook, job)) {
    on_newest(job);
    return finish_first(webhook, job, TASK_CANCELLED, &answer);
  }
  task.begun_us = &begun_us;
  TaskState state = run_somewhere(webhook, in, &task, &answer);
  if (state != TASK_LOST && begun_us)
    bot_metrics_queue(webhook->options->metrics, begun_us - received_us);
  if (state == TASK_WAITING || state == TASK_LOST) return state;
  return finish_first(webhook, job, state, &answer);
}

// Returns whether the message must not run before earlier ones of its user, which wait for the conversation. An event
// waits only if the conversation takes it.
static bool is_behind(Webhook *webhook, const Job *job) {
  return job->awaits_script || (!job->is_event && user_lines_has(webhook->lines, job->from_user));
}

TaskState run_here(Webhook *webhook, Job *job, const RunMessage *message) {
  end_conversations_of_leaver(webhook, job, message->head);
  bool unbegun = false;
  if (is_behind(webhook, job)) return TASK_LOST;
  TaskState state = first_slice(webhook, NULL, job_retain(job), message, &unbegun);
  job->has_entry = unbegun && state == TASK_LOST;
  if (unbegun && state != TASK_LOST)  // no run took it over
    keep_drop(webhook->shared.keep, job->from_user, job->identity);
  if (state == TASK_LOST) job_release(job);
  else admission_turn_in_time(&webhook->admission, job->started_us);
  return state;
}

// ---- kept messages ------------------------------------------------------------------------------

static Interpreter *choose(Queued *queued);
static void run_now(Queued *queued, Interpreter *in);

Run *run_keep(Webhook *webhook, Job *job, const RunMessage *message) {
  Run *run = arena_calloc(job->arena, 1, sizeof *run);
  if (!run || !run_message_copy(message, job->arena, &run->message)) return NULL;
  run_entry_init(&run->entry, webhook->shared.keep, job, run->message.document);
  run->webhook = webhook;
  run->job = job_retain(job);
  atomic_store(&job->run, run);
  run->queued = (Queued){ .turn.due_us = job->started_us + webhook->options->deadline_ms * 1000,
                          .loop = webhook->options->loop,
                          .choose = choose,
                          .run = run_now };
  return run;
}

Job *run_job(const Run *run) { return run->job; }

void run_forget(Webhook *webhook, Job *job) {
  run_reply_forget(webhook, job);
  job_finish(job, TASK_LOST, NULL, STR(""));
}

void run_abandon(Run *run) {
  run_forget(run->webhook, run->job);
  on_over(run->job);
}

void run_answered_elsewhere(Run *run, Str packed, int64_t answered_s) {
  Job *job = run->job;
  if (!job->kept_as && run_is_outdated(run->webhook, job)) packed = STR("");
  if (job->kept_as && run->webhook->peers) peers_finish(run->webhook->peers, job, packed);
  job_finish_packed(job, packed, answered_s);
  if (job->kept_as || packed.len) dedupe_finish(run->webhook->dedupe, job, packed, clock_now_us());
  else run_reply_forget(run->webhook, job);  // it may have been left to the next process
  on_over(job);
}

// ---- the message in the store -------------------------------------------------------------------

// `owes` may store a promise, so it is asked only for a run that waits.
static void owe(Run *run) {
  Job *job = run->job;
  Webhook *webhook = run->webhook;
  if (run_entry_is_missing(&run->entry) && !atomic_load(&job->taken) &&
      owe_at_us(webhook, job) != 0 && !run_is_outdated(webhook, job) && owes(job))
    run_entry_write(&run->entry);
}

void run_owe(Job *job) {
  Run *run = atomic_load(&job->run);
  if (run) owe(run);
}

// Until now nobody could put the message into the store.
static void owe_if_overdue(Run *run) {
  if (clock_now_us() >= owe_at_us(run->webhook, run->job)) owe(run);
}

// Called if the run could not begin. `owed`: the store had its entry.
static void wait_on(Run *run, bool owed) {
  run_entry_wait_on(&run->entry, owed);
  if (!owed) owe_if_overdue(run);
}

// ---- turn ---------------------------------------------------------------------------------------

// Chooses the interpreter of the script that waits for this user's next message, if there is one.
static Interpreter *choose(Queued *queued) {
  Run *run = (Run *)queued;
  Webhook *webhook = run->webhook;
  Interpreter *in =
      conversations_find(webhook->shared.conversations, run->job->from_user, run->job->is_event);
  queued->turn.movable = in == NULL;
  return in ? in : pool_pick(webhook->pool);
}

static bool is_too_late(const Run *run, int64_t now_us) {
  int64_t timeout_ms = run->webhook->options->interpreter.job_timeout_ms;
  return timeout_ms > 0 && now_us - run->job->started_us > timeout_ms * 1000;
}

static void log_not_run(const Run *run) {
  LogSubject before =
      log_about((LogSubject){ .openid = run->job->from_user, .msgid = run->job->msgid });
  log_error("the message was not run: within job_timeout_s (%lld s) other messages left it no "
            "time, or script_memory_mb left it no memory",
            (long long)(run->webhook->options->interpreter.job_timeout_ms / 1000));
  log_about(before);
}

// Puts the run into its user's line if it belongs there. Returns whether others come first: call_next then calls the
// run, which the caller must not use again.
static bool joins_behind(Run *run) {
  UserPlace *place = &run->place;
  if (place->is_in || !is_behind(run->webhook, run->job)) return false;
  place->owner = run;
  return !user_lines_join(run->webhook->lines, place, run->job->from_user);
}

// A message that waits for the script waits for no turn: the script may sleep as long as it likes.
static void count_turn(Run *run) {
  run->is_counted = !run->job->awaits_script;
  if (run->is_counted) admission_turn_awaited(&run->webhook->admission, clock_now_us());
}

static void turn_over(Run *run) {
  if (run->is_counted) admission_turn_over(&run->webhook->admission);
  run->is_counted = false;
}

static void call_next(UserPlace *next) {
  if (!next) return;
  Run *run = next->owner;
  count_turn(run);
  queued_wait_soon(&run->queued);
}

// The place's run has begun, so run_now holds its job until the place is out of the line.
static bool is_given_up(const UserPlace *place) {
  const Run *run = place->owner;
  return interpreter_is_given_up(run->queued.interpreter);
}

void run_pass_given_up(Webhook *webhook) {
  UserPlace *next;
  while (user_lines_take_begun(webhook->lines, is_given_up, &next)) call_next(next);
}

static bool has_lost(const Run *run) {
  Peers *peers = run->webhook->peers;
  return peers && peers_has_lost(peers, run->job);
}

// Returns whether another process has taken the claim of the message since the run was queued. Where the store has
// said that another may, the store is asked if the claim has lapsed since it was last renewed.
static bool has_lost_since(const Run *run, Interpreter *in, bool owed) {
  Peers *peers = run->webhook->peers;
  if (run->was_lost || !peers) return false;
  if (!run_entry_may_be_shared(&run->entry, owed) || !peers_is_in_doubt(peers, run->job))
    return peers_has_lost(peers, run->job);
  interpreter_let_go(in);
  return !peers_await_claim(peers, run->job);
}

static KeepOwner owner_of_entry(Run *run, Interpreter *in) {
  if (run_entry_asks(&run->entry)) interpreter_let_go(in);
  return run_entry_owner(&run->entry);
}

// Returns whether the store has the message's entry, as this process's. *taken_over: another process has it by now.
// *unknown: the store does not say whether it is another process's. Where the message was another process's, the entry
// of that one, or its run, is looked up as the run begins.
static bool begin_entry(Run *run, Interpreter *in, bool *taken_over, bool *unknown) {
  bool there = run_entry_begin(&run->entry), added = run_entry_is_added(&run->entry);
  KeepOwner owner = there ? owner_of_entry(run, in) : KEEP_OWNER_SELF;
  bool lost = owner == KEEP_OWNER_OTHER;
  *taken_over = lost && !added;
  *unknown = owner == KEEP_OWNER_UNKNOWN;
  return there && !(lost && added);
}

// Returns who has the message. Others may have the interpreter while this waits for the store. A lost claim is regained
// once the process that took it leaves the message to this one, because this one has the entry.
static PeersResult who_has(const Run *run, Interpreter *in, bool has_entry) {
  if (!has_lost_since(run, in, has_entry)) return PEERS_MINE;
  if (!has_entry) return PEERS_ANSWERED;
  interpreter_let_go(in);
  return peers_regain(run->webhook->peers, run->job);
}

// The message will not begin here.
static void end_entry(const Run *run, bool mine) {
  if (mine) run_entry_drop(&run->entry);
  else run_entry_end(&run->entry);
}

// Says once that the message would be lost.
static void warn_unsaved(Run *run) {
  if (run->is_warned_of) return;
  run->is_warned_of = true;
  LogSubject before =
      log_about((LogSubject){ .openid = run->job->from_user, .msgid = run->job->msgid });
  log_warn(
      "the process ends, and the message, which was answered and waits for its turn, is not in "
      "the store, which is away: it is lost unless it runs, or the store is back, before");
  log_about(before);
}

// A process that ends leaves a message of its own to the next one if the store has it, and its requests are answered.
static bool is_left(Run *run) {
  Webhook *webhook = run->webhook;
  bool leaves = atomic_load(&webhook->refusing) && job_is_owed(run->job) &&
                !job_has_requests(run->job) && !run_is_outdated(webhook, run->job);
  if (leaves && run_entry_is_unsaved(&run->entry)) warn_unsaved(run);
  return leaves && run_entry_is_saved(&run->entry);
}

// Returns whether the run has begun, or will not.
static bool begin(Run *run, Interpreter *in, int64_t now_us) {
  Webhook *webhook = run->webhook;
  bool too_late = is_too_late(run, now_us), taken_over, unknown;
  bool owed = begin_entry(run, in, &taken_over, &unknown), unbegun = owed && !taken_over;
  // Another process answers the message late, as part of a run that it took over meanwhile. Before, the store may have
  // been too slow to say more than that another has it: then it is answered here.
  PeersResult who = taken_over ? PEERS_ANSWERED : who_has(run, in, unbegun);
  // What a process that has ended did of the message must not be done again, so the run waits for the store.
  if (unknown && who == PEERS_MINE) who = PEERS_RUNNING;
  if (who == PEERS_RUNNING && !too_late) {
    if (unbegun && is_left(run)) return run_abandon(run), true;  // the entry stays
    wait_on(run, owed);
    return false;
  }
  bool mine = who == PEERS_MINE;
  if (unbegun && mine && is_left(run)) {
    run_reply_leave(webhook, run->job);
    on_over(run->job);
    return true;
  }
  if (too_late && who != PEERS_ANSWERED) log_not_run(run);
  if (too_late || !mine || !job_is_wanted(run->job, now_us)) {
    if (unbegun) end_entry(run, mine);
    run_abandon(run);
    return true;
  }
  if (now_us < run->queued.turn.due_us) admission_turn_in_time(&webhook->admission, now_us);
  bool begun = first_slice(webhook, in, run->job, &run->message, &unbegun) != TASK_LOST;
  if (begun && unbegun) run_entry_drop(&run->entry);            // no run took it over
  if (!begun && unbegun && !owed) run_entry_take(&run->entry);  // it was a dead process's
  else if (!begun) wait_on(run, owed);
  return begun;
}

// Returns the same as begin. Meanwhile run_pass_given_up may take the run out of its line.
static bool begin_in_line(Run *run, Interpreter *in, int64_t now_us) {
  UserLines *lines = run->webhook->lines;
  bool was_in = run->place.is_in;
  if (was_in) user_lines_begin(lines, &run->place);
  bool begun = begin(run, in, now_us);
  if (was_in && begun) call_next(user_lines_leave(lines, &run->place));
  else if (was_in) user_lines_wait_on(lines, &run->place);
  return begun;
}

// The run's end releases the job, in whose arena the run is.
static void run_now(Queued *queued, Interpreter *in) {
  Run *run = (Run *)queued;
  Job *job = job_retain(run->job);
  turn_over(run);
  if (!joins_behind(run) && !begin_in_line(run, in, clock_now_us()) && !joins_behind(run)) {
    count_turn(run);
    queued_wait_later(queued);
  }
  job_release(job);
}

static void wait_for_turn(Run *run) {
  if (joins_behind(run)) return;
  count_turn(run);
  queued_wait(&run->queued);
}

static void begin_to_wait(Run *run, bool was_elsewhere) {
  run->was_lost = has_lost(run);
  if (run->job->has_entry) run_entry_take(&run->entry);
  else run_entry_wait(&run->entry, was_elsewhere);
  owe_if_overdue(run);
  wait_for_turn(run);
}

void run_in_turn(Run *run) { begin_to_wait(run, false); }

void run_take_over(Run *run) { begin_to_wait(run, true); }

// Its user's earlier messages, which may have been resumed too, come first. It is late already.
void run_resume(Run *run) {
  run->queued.turn.due_us = run->job->started_us;
  run->job->awaits_script = !run->job->is_event;
  run_entry_take(&run->entry);
  wait_for_turn(run);
}
