// Resumes runs from the store: runs of a process that ended, and conversations of another process.
#include "script/message_inner.h"

#include "base/log.h"
#include "script/context.h"
#include "script/late_order.h"
#include "script/message_value.h"
#include "script/packed_reply.h"

#include <stdlib.h>

enum { ENDS_MAX = 2 };  // the run is refused once that many processes ended while they ran it

static void answer_pending(Record *record, const KeptRun *kept, KeptState state,
                           const MessageTask *message, const char *reason) {
  Str document = message && state == KEPT_ASKS ? message->raw : kept->answering;
  bool answered = state == KEPT_RUNS ? document.len > 0 : message != NULL;
  Str results[] = { answered ? document : (Str){ 0 }, str_of(reason ? reason : "timeout") };
  record_answer(record, results, answered ? 1 : 2);
}

// Returns a run from its stored state; NULL without memory.
static MessageRun *run_from(Interpreter *in, const KeptRun *kept, Str value) {
  MessageRun *run = malloc(sizeof *run);
  StoredRun *stored = run ? stored_run_of(message_keep(in), kept, value) : NULL;
  if (!stored) {
    free(run);
    return NULL;
  }
  *run = message_run_empty(in, NULL);
  run->stored = stored;
  stored->run.state = KEPT_RUNS;
  run->behind = kept->asks;
  return run;
}

static bool read_head(Interpreter *in, Str document, MessageHead *head) {
  ScriptContext *context = script_context(engine_main(in->engine));
  return message_parse(context->xml, document, &context->tree, head, NULL);
}

static Str document_of(const KeptRun *run) {
  return run->answering.len ? run->answering : run->message;
}

// Returns the rank for a run of another process, where the message's time of arrival is unknown.
static TaskRank rank_of(Interpreter *in, const KeptRun *run) {
  MessageHead head;
  TaskRank rank = { 0 };
  if (read_head(in, document_of(run), &head)) str_to_int64(head.create_time, &rank.made_s);
  return rank;
}

// Returns the identity of the message that was being answered.
static Str identity_of(Interpreter *in, const KeptRun *run, Arena *arena) {
  ScriptContext *context = script_context(engine_main(in->engine));
  MessageHead head;
  Buf identity;
  buf_init(&identity);
  if (read_head(in, run->answering, &head)) message_identity(&head, &context->tree, &identity);
  Str copy = arena_dup(arena, buf_str(&identity));
  buf_clear(&identity);
  return copy;
}

// Returns the log's subject for a run without a message, in its arena.
static LogSubject subject_of(MessageRun *run) {
  MessageHead head;
  LogSubject subject = { .openid = run->sender };
  Buf id;
  buf_init(&id);
  if (read_head(run->in, document_of(&run->stored->run), &head)) message_log_id(&head, &id);
  if (run->arena) subject.msgid = arena_dup(run->arena, buf_str(&id));
  buf_clear(&id);
  return subject;
}

static void go_without_message(MessageRun *run) {
  run->own_arena = run->arena = arena_new();
  if (run->arena) run->sender = arena_dup(run->arena, run->stored->run.openid);
  if (run->arena) run->identity = identity_of(run->in, &run->stored->run, run->arena);
  run->said = &run->own_said;
  message_run_say_late(run);
}

static TaskState begin_kept(MessageRun *run, Record *record, const MessageTask *message) {
  Engine *engine = run->in->engine;
  bool moved = false;
  Task *task = engine_start_thread(engine, NULL) ? task_new(engine, &message_body, run) : NULL;
  if (!task) {
    record_free(record);
    message_run_free(run);
    return TASK_LOST;
  }
  run->moved = &moved;
  task_copy_subject(task, message ? message_subject(message) : subject_of(run));
  task_set_rank(task, message ? message->rank : rank_of(run->in, &run->stored->run));
  if (message) task_set_due(task, message->due_us);
  if (record) task_set_record(task, record);
  else if (!run->refused) task_record_later(task);
  if (record) message_watch(task);
  task_limit(task);
  if (message) {
    TaskState state = task_start(task);
    return moved ? TASK_WAITING : state;
  }
  run->moved = NULL;
  task_hold_engine(task);
  // Before the answers to the user's later messages, which may be quicker.
  if (run->stored->run.owed) message_run_take_place(run);
  if (task_post(task)) return TASK_WAITING;
  late_order_leave(run->place, true);
  engine_release(engine);
  message_run_free(run);
  return TASK_LOST;
}

static TaskState run_kept(Interpreter *in, const KeptRun *kept, Str value, const char *reason,
                          const MessageTask *message, int64_t deadline_us, Answer *answer) {
  Err err = { 0 };
  if (!engine_enter(in->engine, deadline_us)) return TASK_LOST;
  MessageRun *run = run_from(in, kept, value);
  TaskState state = TASK_LOST;
  if (run) {
    run->refused = kept->ends >= ENDS_MAX;
    Record *record = run->refused ? NULL : record_load(kept->record, &err);
    if (record) answer_pending(record, kept, kept->state, message, reason);
    if (message) {
      message_run_take(run, message, answer);
      message_drop_entry(run, message);
      run->tree = NULL;
      run->raw = STR("");
    } else {
      go_without_message(run);
      run->gone = reason != NULL;
      // The platform's next try of what the conversation is answering is no new message.
      if (kept->state == KEPT_RUNS && kept->identity.len == 0)
        keep_tell_taken(message_keep(in), run->identity);
    }
    if (!record && !run->refused) message_lose(run, &err);
    state = begin_kept(run, record, message);
  }
  engine_leave(in->engine);
  return state;
}

// Continues a claimed run without a message. Returns false if it cannot begin.
static bool run_claimed(Interpreter *in, KeepFound found, KeptRun *kept, Str value,
                        const char *reason) {
  Keep *keep = message_keep(in);
  KeptState state = kept->state;
  if (found != KEEP_ASKING && found != KEEP_ENDED) return true;
  if (kept->owed) keep_tell_taken(keep, kept->identity);
  if (run_kept(in, kept, value, reason, NULL, INT64_MAX, NULL) != TASK_LOST) return true;
  keep_put_back(keep, kept, state);
  return false;
}

static DueState run_due(Interpreter *in, KeepFound found, KeptRun *kept, Str value) {
  Keep *keep = message_keep(in);
  if (found == KEEP_BUSY || found == KEEP_UNKNOWN) return DUE_BUSY;
  if (found == KEEP_ENDED && keep_take_leaver(keep, kept)) return DUE_PASSED;
  if (found == KEEP_ENDED && kept->unbegun)
    return keep_pass_message(keep, kept) ? DUE_PASSED : DUE_STAYS;
  return run_claimed(in, found, kept, value, NULL) ? DUE_RUNS : DUE_STAYS;
}

DueState interpreter_run_due(Interpreter *in, Str key) {
  Buf value;
  KeptRun kept = { 0 };
  buf_init(&value);
  KeepFound found = keep_claim_due(message_keep(in), key, &value, &kept);
  DueState state = run_due(in, found, &kept, buf_str(&value));
  buf_clear(&value);
  return state;
}

bool interpreter_end_conversation(Interpreter *in, Str openid, int64_t until_s,
                                  const char *reason) {
  Keep *keep = message_keep(in);
  Buf value;
  KeptRun kept = { 0 };
  if (!keep_has_conversations(keep)) return true;
  buf_init(&value);
  KeepFound found = keep_claim(keep, openid, false, STR(""), &value, &kept);
  bool ended = found != KEEP_BUSY && found != KEEP_UNKNOWN;
  // The user has come back, and was asked again.
  if (found == KEEP_ASKING && kept.since_s > until_s) keep_put_back(keep, &kept, KEPT_ASKS);
  else if (ended) ended = run_claimed(in, found, &kept, buf_str(&value), reason);
  buf_clear(&value);
  return ended;
}

// The message has its answer already, or gets it late.
static TaskState answer_nothing(Answer *answer) {
  *answer = (Answer){ .reply.form = REPLY_NONE };
  return TASK_RETURNED;
}

// The message is a retry, and its run waits for the user's next message: the process that asked may have ended before
// its question was out.
static TaskState ask_again(const MessageTask *message, const KeptRun *kept, Answer *answer) {
  TaskState state = answer_nothing(answer);
  if (kept->state != KEPT_ASKS || !message->arena) return state;
  Arena *arena = message->arena;
  Str question = arena_dup(arena, kept->is_text ? kept->question : kept->reply);
  bool asked =
      question.ptr && (kept->is_text ? reply_text(&answer->reply, arena, question, &answer->rest)
                                     : packed_reply_read(question, arena, &answer->reply));
  if (!asked) answer_nothing(answer);
  return state;
}

// Continues the run of a message that the platform may have tried at a process that has since ended. Returns false if
// the run is not in the store.
static bool run_owed(Interpreter *in, const MessageTask *message, int64_t deadline_us,
                     Answer *answer, TaskState *state) {
  Keep *keep = message_keep(in);
  Buf value;
  KeptRun kept = { 0 };
  buf_init(&value);
  engine_let_go(in->engine);  // the next call waits for the store
  KeepFound found = keep_claim_owed(keep, message->sender, message->identity, &value, &kept);
  // The platform's next try of a message that never began is that message. Its entry stays in the store until the run
  // takes it over: a process that ends in between loses nothing.
  if (found == KEEP_ENDED && kept.unbegun) {
    *message->unbegun = true;
    if (message->lapses) *message->lapses = kept.lapses;
    found = KEEP_NOTHING;
  }
  *state = found == KEEP_ANSWERED ? answer_nothing(answer) : TASK_LOST;
  if (found == KEEP_ANSWERED && message->is_elsewhere) *message->is_elsewhere = true;
  if (found == KEEP_ENDED)
    *state = run_kept(in, &kept, buf_str(&value), NULL, message, deadline_us, answer);
  if (found == KEEP_ENDED && *state == TASK_LOST) keep_put_back(keep, &kept, KEPT_RUNS);
  buf_clear(&value);
  return found == KEEP_ANSWERED || found == KEEP_ENDED || found == KEEP_UNKNOWN;
}

// Continues the user's conversation from the store; returns false if there is none.
static bool run_conversation(Interpreter *in, const MessageTask *message, int64_t deadline_us,
                             Answer *answer, TaskState *state) {
  Keep *keep = message_keep(in);
  Buf value;
  KeptRun kept = { 0 };
  buf_init(&value);
  engine_let_go(in->engine);  // the next call waits for the store
  KeepFound found =
      keep_claim(keep, message->sender, message->head->is_event, message->raw, &value, &kept);
  KeptState was = kept.state;
  bool same = found == KEEP_ENDED && str_eq(kept.answering, message->raw);
  *state = found == KEEP_ANSWERED ? ask_again(message, &kept, answer) : TASK_LOST;
  if (found == KEEP_ASKING || found == KEEP_ENDED) {
    bool answers = found == KEEP_ASKING || same;
    *state =
        run_kept(in, &kept, buf_str(&value), NULL, answers ? message : NULL, deadline_us, answer);
    if (*state == TASK_LOST) keep_put_back(keep, &kept, was);
    if (!answers) *state = TASK_LOST;  // the message waits for the run that was under way
  }
  buf_clear(&value);
  if (found != KEEP_NOTHING && *state == TASK_LOST && message->awaits_script)
    *message->awaits_script = true;
  return found != KEEP_NOTHING;
}

// Returns whether a run that this process took over answers the message: it may have ended before the store was asked.
static bool is_taken(const MessageTask *message) {
  return message->taken && atomic_load(message->taken);
}

// The event of a user who leaves answers no question: it ends the conversation.
static bool is_leave(const MessageTask *message) {
  const MessageHead *head = message->head;
  return head->is_event && str_eq_nocase(head->event, STR("unsubscribe"));
}

static bool may_answer_question(const Interpreter *in, const MessageTask *message) {
  Keep *keep = message_keep(in);
  return keep_has_conversations(keep) && !keep_lacks(keep, message->sender) && !is_leave(message);
}

TaskState interpreter_answer(Interpreter *in, const MessageTask *message, int64_t deadline_us,
                             Answer *answer) {
  TaskState state;
  if (message->may_be_owed && run_owed(in, message, deadline_us, answer, &state)) return state;
  if (may_answer_question(in, message) &&
      run_conversation(in, message, deadline_us, answer, &state))
    return state;
  if (is_taken(message)) return answer_nothing(answer);
  return interpreter_run_message(in, message, deadline_us, answer);
}
