// The task of a message: runs on_message, on_error after a failure, and on_message again when a conversation continues.
#include "script/message_inner.h"

#include "engine/door.h"
#include "script/conversation_inner.h"
#include "script/late_order.h"
#include "script/message_value.h"

#include <stdlib.h>

static int refuse(lua_State *L, const StoredRun *stored) {
  message_push_document(L, stored->run.message);
  raise(L, "%s%sthe script is not begun again for %s: two processes ended while they ran it",
        stored->run.place.len ? lua_pushlstring(L, stored->run.place.ptr, stored->run.place.len)
                              : "",
        stored->run.place.len ? ": " : "",
        lua_pushlstring(L, stored->run.openid.ptr, stored->run.openid.len));
}

static int prepare_message(lua_State *L, Task *task) {
  const MessageRun *run = message_run(task);
  if (run->refused) return refuse(L, run->stored);
  if (!run->tree) return message_prepare_again(L, run->stored);
  task_push_global(L, "on_message");
  message_value_push(L, run->tree, run->head, run->raw);
  lua_pushvalue(L, -1);
  task_set_value(L, task, VALUE_MESSAGE);
  return 1;
}

static void finish_message(lua_State *L, Task *task) { message_take_reply(L, task, "on_message"); }

// The error value is on the stack; if it is nil, on_error gets the error text.
static int prepare_on_error(lua_State *L, Task *task) {
  if (lua_isnil(L, 1)) {
    push_str(L, buf_str(&message_run(task)->error_text));
    lua_replace(L, 1);
  }
  task_push_global(L, "on_error");
  lua_insert(L, 1);
  context_push_message(L);
  return 2;
}

static void finish_on_error(lua_State *L, Task *task) { message_take_reply(L, task, "on_error"); }

static const TaskBody ON_ERROR_BODY = {
  .prepare = prepare_on_error, .finish = finish_on_error, .results = 1, .doing = "on_error"
};

static const TaskBody *message_failed(Task *task, Str error) {
  MessageRun *run = message_run(task);
  message_tell_failure(run, error);
  if (!run->in->has_on_error || run->refused) return NULL;
  buf_add(&run->error_text, error);
  return &ON_ERROR_BODY;
}

static TaskState message_suspended(Task *task) {
  MessageRun *run = message_run(task);
  bool asked = run->asked;
  if (run->returned) {
    task_hold_engine(task);
    message_stored_run(task);
    message_alarm_set(task);
  }
  if (run->returned && !asked) message_run_take_place(run);
  message_run_end_slice(run);
  run->asked = false;
  // The question has answered the message; the task now waits for the user's next message.
  return asked ? TASK_RETURNED : TASK_WAITING;
}

// It may compute until its deadline and longer.
static void message_runs_long(Task *task) {
  message_stored_run(task);
  message_alarm_set(task);
}

static void end_stored(Task *task, MessageRun *run) {
  StoredRun *stored = run->stored;
  if (task_is_dropped(task)) stored_run_leave(stored, task_record(task));
  else stored_run_drop(stored);
  message_settle(message_shared(run), stored);
}

static void message_ended(Task *task) {
  MessageRun *run = message_run(task);
  bool dropped = task_is_dropped(task);
  message_alarm_drop(run);
  if (!dropped && task_state(task) == TASK_DIFFERS && message_begin_lost(task, run)) return;
  busy_user_free(run->busy);
  run->busy = NULL;
  if (run->silent) run->answer = (Answer){ .reply.form = REPLY_NONE };
  if (!dropped && !run->silent && task_state(task) != TASK_RETURNED) message_take_parts(run);
  if (!dropped && !run->silent) message_use_error_reply(run, task_state(task));
  message_give_answer(task, run);
  // Only now: an answer that is owed may just have got the record, which outlives the run.
  Record *record = task_present_record(task);
  if (record) record_guard(record, NULL, NULL, NULL);
  if (record && record_owner(record) == run->stored) record_watch(record, NULL, NULL, NULL);
  if (run->stored) end_stored(task, run);
}

static bool message_goes_on(const Task *task) {
  return stored_run_goes_on(message_run(task)->stored, task_present_record(task));
}

// Its request is answered at once, however long its variables take to close.
static void message_cancelled(Task *task) {
  MessageRun *run = message_run(task);
  bool (*done)(void *owner, TaskState state, const Answer *answer) = run->done;
  run->silent = true;
  run->done = NULL;
  run->answer = (Answer){ .reply.form = REPLY_NONE };
  message_alarm_drop(run);
  if (done && !run->returned) done(run->owner, TASK_CANCELLED, &run->answer);
}

const TaskBody message_body = { .prepare = prepare_message,
                                .finish = finish_message,
                                .failed = message_failed,
                                .suspended = message_suspended,
                                .runs_long = message_runs_long,
                                .cancelled = message_cancelled,
                                .ends_later = message_is_in_doubt,
                                .before_end = message_confirm,
                                .recorded = message_guard,
                                .goes_on = message_goes_on,
                                .ended = message_ended,
                                .over = message_run_free,
                                .results = 2,  // the reply, and see push_author
                                .doing = "on_message" };

TaskState interpreter_run_message(Interpreter *in, const MessageTask *message, int64_t deadline_us,
                                  Answer *answer) {
  if (!engine_enter(in->engine, deadline_us)) return TASK_LOST;
  MessageRun *run = malloc(sizeof *run);
  Task *task = run ? task_new(in->engine, &message_body, run) : NULL;
  TaskState state = TASK_LOST;
  if (task) {
    *run = message_run_empty(in, NULL);
    message_run_take(run, message, answer);
    task_set_subject(task, message_subject(message));
    task_set_rank(task, message->rank);
    if (message_keep(in)) task_record_later(task);
    task_limit(task);
    task_set_due(task, message->due_us);
    message_owe_begun(task, message);
    state = task_start(task);
  } else {
    free(run);
  }
  engine_leave(in->engine);
  return state;
}

// ---- conversations ------------------------------------------------------------------------------

static bool is_message(const Task *task) { return task && task_body(task) == &message_body; }

void message_silence(Task *task) {
  if (task_body(task) == &message_body) message_run(task)->silent = true;
}

void message_tell_newest(Task *task) {
  MessageRun *run = is_message(task) ? message_run(task) : NULL;
  if (run && run->arena && run->owner && run->is_newest) run->is_newest(run->owner);
}

bool message_can_ask(const Task *task) {
  return is_message(task) && message_run(task)->arena && task_state(task) == TASK_RETURNED;
}

bool message_is_asking(const Task *task) {
  return task_body(task) == &message_body && !message_run(task)->arena;
}

bool message_is_answering(const Task *task) { return is_message(task) && message_run(task)->arena; }

bool message_is_conversation(const Task *task) {
  const StoredRun *stored = is_message(task) ? message_run(task)->stored : NULL;
  return stored && stored->in_store && stored->run.identity.len == 0;
}

Str message_sender(const Task *task) { return message_run(task)->sender; }
Str message_known_by(const Task *task) { return message_run(task)->identity; }

bool message_is_known_by(const Task *task, Str identity) {
  return identity.len && is_message(task) && str_eq(message_run(task)->identity, identity);
}

// Returns the counter of calls of the platform; NULL if they are not counted, or the task answers no message.
static atomic_int *message_calls(const Task *task) {
  return is_message(task) ? message_run(task)->api_calls : NULL;
}

void context_count_call(lua_State *L) {
  atomic_int *calls = message_calls(task_running(L));
  if (calls) atomic_fetch_add_explicit(calls, 1, memory_order_relaxed);
}

Said *message_said(const Task *task) {
  if (!message_can_ask(task)) return NULL;
  MessageRun *run = message_run(task);
  return run->behind ? &run->own_said : run->said;
}

LatePlace *message_place(Task *task) {
  MessageRun *run = message_run(task);
  message_run_take_place(run);
  return late_order_hold(run->place);
}

void message_answer_and_stay(Task *task) {
  MessageRun *run = message_run(task);
  void *owner = run->owner;
  void (*over)(void *owner) = run->returned ? NULL : run->over;
  run->asked = true;
  if (run->sent) run->answer = (Answer){ .reply.form = REPLY_NONE, .sent = true };
  message_alarm_drop(run);
  message_give_answer(task, run);
  if (run->stored) message_settle(message_shared(run), run->stored);
  if (run->stored) stored_run_leave_said(run->stored, false);
  said_clear(&run->own_said);
  task_copy_subject(task, (LogSubject){ .openid = run->sender });
  arena_free(run->own_arena);
  *run = message_run_empty(run->in, run);
  run->asked = true;
  task_unlimit(task);
  task_set_due(task, INT64_MAX);
  task_drop_hold(task);  // the conversation holds the engine now
  if (over) over(owner);
}

// Puts a run that goes on without an answer into the store as this process's own, so that its calls are written there.
static void store_orphan(StoredRun *stored, const Record *record) {
  stored_run_set(&stored->run.answering, STR(""));
  stored_run_save(stored, record, KEPT_RUNS, NULL, NULL);
}

void message_take_busy(Task *task, BusyUser **busy) {
  message_run(task)->busy = *busy;
  *busy = NULL;
}

BusyUser **message_busy(Task *task) { return &message_run(task)->busy; }

void message_orphan(Task *task, Str openid, bool gone) {
  MessageRun *run = message_run(task);
  if (!gone && run->stored && run->stored->in_store) store_orphan(run->stored, task_record(task));
  task_take_hold(task);
  task_limit(task);
  run->own_arena = run->arena = arena_new();
  if (run->arena) run->sender = arena_dup(run->arena, openid);
  message_run_say_late(run);
  run->said = &run->own_said;
  run->gone = gone;
  task_copy_subject(task, (LogSubject){ .openid = openid });
}

void message_answered_again(Task *task) {
  MessageRun *run = is_message(task) ? message_run(task) : NULL;
  if (!run || !run->behind) return;
  run->behind--;
  message_run_say_late(run);
}

void message_begin(Task *task, void *data) {
  const MessageStart *start = data;
  MessageRun *run = message_run(task);
  message_run_take(run, start->message, start->answer);
  message_take_busy(task, start->busy);
  task_set_subject(task, message_subject(start->message));
  task_set_rank(task, start->message->rank);
  task_limit(task);
  task_set_due(task, start->message->due_us);
  if (!run->stored) return;
  run->stored->said = run->said;
  // A run that is not in the store may be put there later, as owed.
  stored_run_set(&run->stored->run.answering, start->message->raw);
  bool in_store = run->stored->in_store;
  message_owe_begun(task, start->message);
  if (!in_store) return;
  if (start->value) {
    run->stored->run.state = KEPT_RUNS;
    buf_reset(&run->stored->value);
    buf_add(&run->stored->value, buf_str(start->value));
  } else {
    stored_run_save_soon(run->stored, task_record(task));
  }
  message_drop_entry(run, start->message);
}

int message_push(lua_State *L, void *data) {
  const MessageTask *message = ((MessageStart *)data)->message;
  push_str(L, message->raw);
  return 1;
}
