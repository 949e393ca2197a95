// What a message's task runs: on_message, on_error in its place, and on_message again when a conversation goes
// on.
#include "script/message.h"

#include "base/clock.h"
#include "base/log.h"
#include "engine/door.h"
#include "engine/method.h"
#include "engine/wait.h"
#include "script/inner.h"
#include "script/late.h"
#include "script/late_order.h"
#include "script/message_run.h"
#include "script/message_value.h"
#include "script/reply_value.h"
#include "script/said_value.h"
#include "script/talk.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct MessageRun MessageRun;

// Rings when the run is to be put into the store. Freed by itself if it rings too late.
typedef struct {
  Timer timer;
  Task *task;  // NULL: it has ended, or has asked
} Alarm;

// Behind its task; freed with it.
struct MessageRun {
  Interpreter *in;
  // During the message's first slice; NULL later:
  const NodeTree *tree;
  const MessageHead *head;
  Str raw;
  Answer *returned;  // where the caller waits for the answer
  // As long as there is a message to answer:
  bool is_event;
  Arena *arena;  // NULL if there is none
  Str sender;    // in `arena`
  atomic_int *api_calls;
  Said *said;
  void *owner;
  bool (*late)(void *owner, const Answer *answer);
  bool (*done)(void *owner, TaskState state, const Answer *answer);
  void (*over)(void *owner);
  Answer answer;
  Arena *own_arena;  // of one that goes on without a message to answer; else NULL
  LatePlace *place;  // among the user's messages, once it has waited; or NULL
  Said own_said;     // of one that goes on without a message to answer
  bool in_parts;     // VALUE_REPLY has what was said
  bool took_parts;   // `answer` was made of it
  bool asked;        // it is about to wait for the user's next message
  Buf error_text;    // for on_error
  Talk *talk;        // what is kept of it; NULL: nothing, or nothing yet
  bool *moved;       // is told that another task goes on with this run; NULL: nobody is
  bool moving;       // it has just been given to that task
  bool refused;      // it is not begun again
  int64_t owe_at_us;
  Str identity;  // in `arena`
  Alarm *alarm;
};

static MessageRun *run_of(const Task *task) { return task_data(task); }

static Keep *keep_of(const Interpreter *in) {
  return in->options.shared ? in->options.shared->keep : NULL;
}

bool message_push_document(lua_State *L, Str document) {
  ScriptContext *context = script_context(L);
  MessageHead head;
  if (!message_parse(context->xml, document, &context->tree, &head, NULL)) return false;
  message_value_push(L, &context->tree, &head, document);
  lua_pushvalue(L, -1);
  context_set_message(L);
  return true;
}

// Pushes the function that gets the message; false if that is on_lost.
static bool push_function(lua_State *L, const Talk *talk) {
  if (talk && talk->run.lost_since_s && task_push_global(L, "on_lost") != LUA_TNIL) return false;
  lua_settop(L, 0);
  task_push_global(L, "on_message");
  return true;
}

static void push_lost(lua_State *L, const KeptRun *run) {
  lua_createtable(L, 0, 3);
  set_str(L, "question", run->lost_question);
  set_str(L, "place", run->lost_place);
  lua_pushinteger(L, run->lost_since_s);
  lua_setfield(L, -2, "since");
}

// One that is run again gets the message that it began with.
static int prepare_again(lua_State *L, const Talk *talk) {
  bool lost = !push_function(L, talk);
  if (!message_push_document(L, talk->run.message)) raise(L, "the message that was kept is none");
  if (lost) push_lost(L, &talk->run);
  return lost ? 2 : 1;
}

static int refuse(lua_State *L, const Talk *talk) {
  message_push_document(L, talk->run.message);
  raise(L, "%s%sthe script is not begun again for %s: two processes ended while they ran it",
        talk->run.place.len ? lua_pushlstring(L, talk->run.place.ptr, talk->run.place.len) : "",
        talk->run.place.len ? ": " : "",
        lua_pushlstring(L, talk->run.openid.ptr, talk->run.openid.len));
}

static int prepare_message(lua_State *L, Task *task) {
  const MessageRun *run = run_of(task);
  if (run->refused) return refuse(L, run->talk);
  if (!run->tree) return prepare_again(L, run->talk);
  task_push_global(L, "on_message");
  message_value_push(L, run->tree, run->head, run->raw);
  lua_pushvalue(L, -1);
  task_set_value(L, task, VALUE_MESSAGE);
  return 1;
}

// Of "file:line: message".
static Str place_of(Str error) {
  size_t at = 0, colons = 0;
  while (at < error.len && error.ptr[at] != '\n' && (colons += error.ptr[at] == ':') < 2) at++;
  return colons == 2 ? str_sub(error, 0, at) : STR("");
}

static void tell_failure(MessageRun *run, Str error) {
  const InterpreterOptions *options = &run->in->options;
  if (options->on_failure) options->on_failure(options->on_failure_ctx, run->sender, error);
  if (run->arena) run->answer.place = arena_dup(run->arena, place_of(error));
}

static void complain_of_result(lua_State *L, MessageRun *run, const char *function) {
  lua_Debug ar = { .short_src = "?", .linedefined = 0 };
  if (task_push_global(L, function) == LUA_TFUNCTION) lua_getinfo(L, ">S", &ar);
  char text[300];
  snprintf(text, sizeof text,
           "%s:%d: %s returned a value of type %s: return a reply (wechat.response_...), a "
           "string, or nothing",
           ar.short_src, ar.linedefined, function, luaL_typename(L, 1));
  log_error("%s", text);
  if (run->in->options.shared) atomic_fetch_add(&run->in->options.shared->errors, 1);
  tell_failure(run, str_of(text));
}

// ---- an answer in parts

static bool was_said(const MessageRun *run) {
  return run->said && atomic_load_explicit(&run->said->parts, memory_order_relaxed);
}

// What was said is the answer if nothing of it was yet; else there is one if something is left to be sent.
static void take_parts(MessageRun *run) {
  Str rest;
  if (!was_said(run) || run->in_parts) return;
  run->in_parts = true;
  run->answer.rest = STR("");
  run->took_parts =
      said_take(run->said, said_state(run->said), true, run->arena, &run->answer.reply);
  if (!run->took_parts && said_left(run->said))
    reply_text(&run->answer.reply, run->arena, STR("…"), &rest);
}

// The value at 1 is the last part. Raises if it cannot be one.
static void take_last_part(lua_State *L, Task *task) {
  MessageRun *run = run_of(task);
  if (run->answer.reply.form != REPLY_NONE) said_value(L, 1, run->said, run->is_event);
  if (run->answer.reply.form != REPLY_NONE) said_keep(L, 1, task);
  take_parts(run);
}

static void take_reply(lua_State *L, Task *task, const char *function) {
  MessageRun *run = run_of(task);
  switch (reply_value_to(L, 1, run->arena, run->is_event, &run->answer.reply, &run->answer.rest)) {
    case REPLY_VALUE_OK:
      if (was_said(run)) return take_last_part(L, task);
      lua_pushvalue(L, 1);
      task_set_value(L, task, VALUE_REPLY);
      return;
    case REPLY_VALUE_NOT_A_REPLY: complain_of_result(L, run, function); break;
    case REPLY_VALUE_NO_MEMORY: raise(L, "not enough memory for the reply");
  }
  run->answer.reply = (Reply){ .form = REPLY_NONE };
  run->answer.rest = STR("");
  take_parts(run);
}

static void finish_message(lua_State *L, Task *task) { take_reply(L, task, "on_message"); }

// The error's own value is on the stack; nil if there is none, and the text says what happened.
static int prepare_on_error(lua_State *L, Task *task) {
  if (lua_isnil(L, 1)) {
    push_str(L, buf_str(&run_of(task)->error_text));
    lua_replace(L, 1);
  }
  task_push_global(L, "on_error");
  lua_insert(L, 1);
  context_push_message(L);
  return 2;
}

static void finish_on_error(lua_State *L, Task *task) { take_reply(L, task, "on_error"); }

static const TaskBody ON_ERROR_BODY = {
  .prepare = prepare_on_error, .finish = finish_on_error, .results = 1, .doing = "on_error"
};

static const TaskBody *message_failed(Task *task, Str error) {
  MessageRun *run = run_of(task);
  tell_failure(run, error);
  if (!run->in->has_on_error || run->refused) return NULL;
  buf_add(&run->error_text, error);
  return &ON_ERROR_BODY;
}

Talk *message_talk(Task *task) {
  MessageRun *run = run_of(task);
  Keep *keep = keep_of(run->in);
  if (!run->talk && keep && run->raw.len) run->talk = talk_new(keep, run->sender, run->raw);
  return run->talk;
}

// The call that began it returns: what was the caller's is not there any more.
static void end_first_slice(MessageRun *run) {
  run->tree = NULL;
  run->head = NULL;
  run->raw = STR("");
  run->returned = NULL;
}

// An answer of this one that comes late goes out before those to what the user writes from now on.
static void take_place(MessageRun *run) {
  BotShared *shared = run->in->options.shared;
  if (shared && shared->late_order && run->sender.len)
    run->place = late_order_enter(shared->late_order, run->sender);
}

// ---- what is owed -------------------------------------------------------------------------------

static BotShared *shared_of(const MessageRun *run) { return run->in->options.shared; }

// Whether the run is in the store from now on, as one whose message is answered without it.
static bool owe(Task *task) {
  MessageRun *run = run_of(task);
  Talk *talk = message_talk(task);
  Record *record = talk ? task_record(task) : NULL;
  if (!record || record_given_up(record)[0]) return false;
  if (!talk->stored && talk->run.identity.len == 0) {
    if (run->identity.len == 0) return false;
    talk_set(&talk->run.identity, run->identity);
  }
  talk->run.owed = true;
  if (!talk->here) atomic_fetch_add(&shared_of(run)->owed_here, 1);
  talk->here = true;
  message_watch(task);
  return talk_save(talk, record, KEPT_RUNS, NULL, NULL);
}

static void ring(Engine *engine, void *ctx) {
  Alarm *alarm = ctx;
  if (!engine_enter(engine, INT64_MAX)) return;
  Task *task = alarm->task;
  if (task) run_of(task)->alarm = NULL;
  if (task) owe(task);
  engine_leave(engine);
  free(alarm);
}

static void set_alarm(Task *task) {
  MessageRun *run = run_of(task);
  if (!run->talk || run->owe_at_us == 0 || run->alarm) return;
  Alarm *alarm = run->alarm = calloc(1, sizeof *alarm);
  if (!alarm) return;
  *alarm = (Alarm){ .timer = { .fn = ring, .ctx = alarm }, .task = task };
  if (timer_add(run->in->engine, &alarm->timer, run->owe_at_us)) return;
  free(alarm);
  run->alarm = NULL;
}

static void drop_alarm(MessageRun *run) {
  Alarm *alarm = run->alarm;
  run->alarm = NULL;
  if (!alarm) return;
  if (timer_remove(run->in->engine, &alarm->timer)) free(alarm);
  else alarm->task = NULL;  // it is about to ring
}

// Not owed any more.
static void settle(BotShared *shared, Talk *talk) {
  if (talk->here) atomic_fetch_sub(&shared->owed_here, 1);
  talk->here = false;
  talk->run.owed = false;
}

static TaskState message_suspended(Task *task) {
  MessageRun *run = run_of(task);
  bool asked = run->asked;
  if (run->returned) {
    task_hold_engine(task);
    message_talk(task);
    set_alarm(task);
  }
  if (run->returned && !asked) take_place(run);
  end_first_slice(run);
  run->asked = false;
  // The message has been answered by the question; the task now waits for the user's next one.
  return asked ? TASK_RETURNED : TASK_WAITING;
}

// A failed one that has no reply of on_error's gets the configured one.
static void use_error_reply(MessageRun *run, TaskState state) {
  Str text = run->in->options.error_reply;
  Answer *answer = &run->answer;
  if (state == TASK_RETURNED || answer->reply.form != REPLY_NONE || !run->arena || text.len == 0)
    return;
  if (!reply_text(&answer->reply, run->arena, text, &answer->rest))
    answer->reply = (Reply){ .form = REPLY_NONE };
}

// To the caller or the owner. Returns whether it is to go out as customer service messages: it came too late,
// or there is nobody to give it to.
static bool give_answer(const Task *task, MessageRun *run) {
  if (run->returned) {
    *run->returned = run->answer;
    return run->late && run->late(run->owner, &run->answer);
  }
  if (run->done) return run->done(run->owner, task_state(task), &run->answer);
  return run->own_arena;
}

// What is sent late is owed until it is out: who sends it has the talk then.
static void answer_message(Task *task, MessageRun *run) {
  const Answer *answer = &run->answer;
  bool late = give_answer(task, run) && answer->reply.form != REPLY_NONE;
  if (late && run->took_parts) said_give_back(run->said);
  if (run->in_parts && said_state(run->said) != SAID_DROPS && said_left(run->said)) late = true;
  LatePlace *place = run->place;
  run->place = NULL;
  if (!late && answer->rest.len == 0) return late_order_leave(place);
  bool ended = !run->asked && !task_is_dropped(task);
  bool owed = ended && late && (run->talk && run->talk->stored ? true : owe(task));
  Late sent = { .reply = late ? &answer->reply : NULL,
                .rest = answer->rest,
                .said = run->in_parts ? run->said : NULL,
                .place = place,
                .openid = run->sender,
                .talk = owed ? run->talk : NULL };
  if (owed) run->talk = NULL;
  late_send(task, shared_of(run), &sent);
}

static bool begin_lost(Task *task, MessageRun *run);

static void end_talk(Task *task, MessageRun *run) {
  Talk *talk = run->talk;
  if (task_is_dropped(task)) talk_leave(talk, task_record(task));
  else talk_drop(talk);
  settle(shared_of(run), talk);
}

static void message_ended(Task *task) {
  MessageRun *run = run_of(task);
  Record *record = task_record(task);
  bool dropped = task_is_dropped(task);
  drop_alarm(run);
  if (!dropped && task_state(task) == TASK_DIFFERS && begin_lost(task, run)) return;
  if (!dropped && task_state(task) != TASK_RETURNED) take_parts(run);
  if (!dropped) use_error_reply(run, task_state(task));
  answer_message(task, run);
  if (record && record_owner(record) == run->talk) record_watch(record, NULL, NULL, NULL);
  if (run->talk) end_talk(task, run);
}

static void message_over(void *data) {
  MessageRun *run = data;
  void *owner = run->owner;
  void (*over)(void *owner) = run->returned ? NULL : run->over;
  if (run->moving) {
    run->moving = false;
    return;
  }
  arena_free(run->own_arena);
  buf_clear(&run->error_text);
  talk_free(run->talk);
  said_clear(&run->own_said);
  free(run);
  if (over) over(owner);
}

static const TaskBody MESSAGE_BODY = { .prepare = prepare_message,
                                       .finish = finish_message,
                                       .failed = message_failed,
                                       .suspended = message_suspended,
                                       .ended = message_ended,
                                       .over = message_over,
                                       .results = 1,
                                       .doing = "on_message" };

// A run without a message: all that is left of `run`, if that is not NULL.
static MessageRun without_message(Interpreter *in, const MessageRun *run) {
  return (MessageRun){ .in = in,
                       .answer = { .reply.form = REPLY_NONE },
                       .error_text = run ? run->error_text : (Buf){ 0 },
                       .talk = run ? run->talk : NULL };
}

static void take_message(MessageRun *run, const MessageTask *message, Answer *answer) {
  run->tree = message->tree;
  run->head = message->head;
  run->raw = message->raw;
  run->returned = answer;
  run->is_event = message->head->is_event;
  run->arena = message->arena;
  run->sender = message->sender;
  run->api_calls = message->api_calls;
  run->said = message->said;
  run->owner = message->owner;
  run->owe_at_us = message->owe_at_us;
  run->identity = message->identity;
  run->late = message->late;
  run->done = message->done;
  run->over = message->over;
  if (message->begun_us) *message->begun_us = clock_now_us();
}

static LogSubject subject_of(const MessageTask *message) {
  return (LogSubject){ .openid = message->sender, .msgid = message->msgid };
}

TaskState interpreter_run_message(Interpreter *in, const MessageTask *message, int64_t deadline_us,
                                  Answer *answer) {
  if (!engine_enter(in->engine, deadline_us)) return TASK_LOST;
  MessageRun *run = malloc(sizeof *run);
  Task *task = run ? task_new(in->engine, &MESSAGE_BODY, run) : NULL;
  TaskState state = TASK_LOST;
  if (task) {
    *run = without_message(in, NULL);
    take_message(run, message, answer);
    task_set_subject(task, subject_of(message));
    if (keep_of(in)) task_record_later(task);
    task_limit(task);
    task_set_due(task, message->due_us);
    state = task_start(task);
  } else {
    free(run);
  }
  engine_leave(in->engine);
  return state;
}

// ---- conversations ------------------------------------------------------------------------------

static bool is_message(const Task *task) { return task && task_body(task) == &MESSAGE_BODY; }

bool message_can_ask(const Task *task) {
  return is_message(task) && run_of(task)->arena && task_state(task) == TASK_RETURNED;
}

Str message_sender(const Task *task) { return run_of(task)->sender; }

// Who counts the calls of the platform for the message; NULL if nobody does, or the task answers none.
static atomic_int *message_calls(const Task *task) {
  return is_message(task) ? run_of(task)->api_calls : NULL;
}

void context_count_call(lua_State *L) {
  atomic_int *calls = message_calls(task_running(L));
  if (calls) atomic_fetch_add_explicit(calls, 1, memory_order_relaxed);
}

Said *message_said(const Task *task) { return message_can_ask(task) ? run_of(task)->said : NULL; }

LatePlace *message_place(Task *task) {
  MessageRun *run = run_of(task);
  if (!run->place) take_place(run);
  return late_order_hold(run->place);
}

void message_take_question(lua_State *L, Task *task) {
  MessageRun *run = run_of(task);
  switch (reply_value_to(L, 1, run->arena, run->is_event, &run->answer.reply, &run->answer.rest)) {
    case REPLY_VALUE_OK:
      if (was_said(run)) return take_last_part(L, task);
      break;
    case REPLY_VALUE_NOT_A_REPLY:
      method_raise(L, "wechat.ask: question is a %s (string or reply expected)",
                   luaL_typename(L, 1));
    case REPLY_VALUE_NO_MEMORY: raise(L, "not enough memory for the question");
  }
  lua_pushvalue(L, 1);
  task_set_value(L, task, VALUE_REPLY);
}

void message_answer_and_stay(Task *task) {
  MessageRun *run = run_of(task);
  void *owner = run->owner;
  void (*over)(void *owner) = run->returned ? NULL : run->over;
  run->asked = true;
  drop_alarm(run);
  answer_message(task, run);
  if (run->talk) settle(shared_of(run), run->talk);
  task_copy_subject(task, (LogSubject){ .openid = run->sender });
  arena_free(run->own_arena);
  *run = without_message(run->in, run);
  run->asked = true;
  task_unlimit(task);
  task_set_due(task, INT64_MAX);
  task_drop_hold(task);  // the conversation holds the engine now
  if (over) over(owner);
}

void message_orphan(Task *task, Str openid) {
  MessageRun *run = run_of(task);
  task_take_hold(task);
  task_limit(task);
  run->own_arena = run->arena = arena_new();
  if (run->arena) run->sender = arena_dup(run->arena, openid);
  task_copy_subject(task, (LogSubject){ .openid = openid });
}

void message_begin(Task *task, void *data) {
  const MessageStart *start = data;
  MessageRun *run = run_of(task);
  take_message(run, start->message, start->answer);
  task_set_subject(task, subject_of(start->message));
  task_limit(task);
  task_set_due(task, start->message->due_us);
  if (!run->talk || !run->talk->stored) return;
  talk_set(&run->talk->run.answering, start->message->raw);
  if (start->value) {
    run->talk->run.state = KEPT_RUNS;
    buf_reset(&run->talk->value);
    buf_add(&run->talk->value, buf_str(start->value));
  } else {
    talk_save(run->talk, task_record(task), KEPT_RUNS, NULL, NULL);
  }
}

int message_push(lua_State *L, void *data) {
  const MessageTask *message = ((MessageStart *)data)->message;
  push_str(L, message->raw);
  return 1;
}

enum { ENDS_MAX = 2 };  // processes that may end with a run before it is refused

// ---- runs that are kept -------------------------------------------------------------------------

static void drop_saved(void *data) { store_reply_free(data); }

static int push_found(lua_State *L, void *data) {
  StoreReply *reply = data;
  Talk *talk = record_owner(task_record(task_running(L)));
  bool mine = talk && keep_is_mine(talk->keep, reply, &talk->run);
  if (mine && reply->ok) {
    buf_reset(&talk->value);
    buf_add(&talk->value, reply->value);
  }
  store_reply_free(reply);
  if (mine) return 0;
  log_warn("a script ended before its next call: another process goes on with it");
  return task_leave(L);
}

static void on_found(void *ctx, StoreReply *reply) {
  wait_finish(ctx, push_found, drop_saved, reply);
}

int message_check_talk(lua_State *L) {
  Talk *talk = record_owner(task_record(task_running(L)));
  Wait *wait = wait_begin(L, "the store");
  if (talk && keep_fetch(talk->keep, &talk->run, on_found, wait))
    return wait_suspend(L, wait, NULL, NULL);
  wait_abort(wait);
  return 0;
}

// What is there may be another process's, or what this one wrote before a write that was lost.
static int push_saved(lua_State *L, void *data) {
  StoreReply *reply = data;
  bool other = reply->err.code == ERR_NONE && !reply->ok;
  store_reply_free(reply);
  return other ? message_check_talk(L) : 0;
}

static void on_saved(void *ctx, StoreReply *reply) {
  wait_finish(ctx, push_saved, drop_saved, reply);
}

// What is about to be done must not be done twice: the store knows of it first.
static int before_call(lua_State *L) {
  Task *task = task_running(L);
  Record *record = task_record(task);
  Talk *talk = record_owner(record);
  if (!lua_toboolean(L, 1) || !talk || !talk->stored || talk->run.state != KEPT_RUNS) return 0;
  Wait *wait = wait_begin(L, "the store");
  if (talk_save(talk, record, KEPT_RUNS, on_saved, wait)) return wait_suspend(L, wait, NULL, NULL);
  wait_abort(wait);
  return 0;
}

// Nobody waits for it: it spares a call that is over from being taken for one that was under way.
static void after_call(Record *record) {
  Talk *talk = record_owner(record);
  if (talk && talk->stored && talk->run.state == KEPT_RUNS)
    talk_save(talk, record, KEPT_RUNS, NULL, NULL);
}

void message_watch(Task *task) {
  Record *record = task_record(task);
  MessageRun *run = run_of(task);
  if (!record || !run->talk) return;
  record_watch(record, before_call, run->talk, &shared_of(run)->acting);
  record_watch_after(record, after_call);
}

static Str question_text(const Reply *reply) {
  if (reply->form != REPLY_ELEMENTS) return STR("raw");
  return str_eq(reply->type, STR("text")) ? reply->elements->text : reply->type;
}

static void warn_of_record(Talk *talk, const Record *record) {
  if (!talk->warned)
    log_warn("the conversation with %.*s stays in this process: %s makes its record longer than %d "
             "KB, or gave what "
             "cannot be kept",
             STR_FMT(talk->run.openid), record_given_up(record), RECORD_MAX / 1024);
  talk->warned = true;
}

// One that asks is kept under its user's name from now on.
static void leave_owed(Talk *talk) {
  if (talk->run.identity.len == 0) return;
  talk_drop(talk);
  talk_set(&talk->run.identity, STR(""));
  buf_reset(&talk->value);
}

Talk *message_keep_question(lua_State *L, Task *task, int64_t until_ms, bool events) {
  MessageRun *run = run_of(task);
  Talk *talk = keep_has_conversations(keep_of(run->in)) ? message_talk(task) : NULL;
  Record *record = talk ? task_record(task) : NULL;
  char place[PLACE_SIZE];
  if (!record) return NULL;
  // Of several conversations of one user, the first is kept.
  if (!talk->stored && keep_has(talk->keep, talk->run.openid)) return NULL;
  place_innermost(L, place, sizeof place);
  if (record_given_up(record)[0]) {
    warn_of_record(talk, record);
    talk_drop(talk);
    return NULL;
  }
  talk_set(&talk->run.question, question_text(&run->answer.reply));
  talk_set(&talk->run.place, str_of(place));
  talk->run.since_s = clock_unix_s();
  talk->run.until_ms = until_ms;
  talk->run.events = events;
  talk->run.asks++;
  talk->run.ends = 0;
  message_watch(task);
  leave_owed(talk);
  return talk;
}

// The conversation cannot go on. Its user's message is given to on_lost, or to on_message, in a task of its own.
static bool begin_lost(Task *task, MessageRun *run) {
  Talk *talk = run->talk;
  Engine *engine = task_engine(task);
  if (!talk || !task_record(task)) return false;
  log_warn("the script changed: what was under way with %.*s cannot go on: %s",
           STR_FMT(talk->run.openid), record_difference(task_record(task)));
  talk_drop(talk);
  record_watch(task_record(task), NULL, NULL, NULL);
  if (talk->run.answering.len == 0 || !engine_start_thread(engine, NULL)) return false;
  Task *next = task_new(engine, &MESSAGE_BODY, run);
  if (!next) return false;
  talk_lose(talk);
  task_record_later(next);
  task_copy_subject(next, task_subject(task));
  task_hold_engine(next);
  task_limit(next);
  end_first_slice(run);
  run->moving = true;
  if (task_post(next)) {
    if (run->moved) *run->moved = true;
    run->moved = NULL;
    return true;
  }
  run->moving = false;
  engine_release(engine);
  return false;
}

static void answer_pending(Record *record, const KeptRun *kept, KeptState state,
                           const MessageTask *message, const char *reason) {
  Str document = message && state == KEPT_ASKS ? message->raw : kept->answering;
  bool answered = state == KEPT_RUNS ? document.len > 0 : message != NULL;
  Str results[] = { answered ? document : (Str){ 0 }, str_of(reason ? reason : "timeout") };
  record_answer(record, results, answered ? 1 : 2);
}

// A run with what was kept; NULL without memory.
static MessageRun *run_from(Interpreter *in, const KeptRun *kept, Str value) {
  MessageRun *run = malloc(sizeof *run);
  Talk *talk = run ? talk_of(keep_of(in), kept, value) : NULL;
  if (!talk) {
    free(run);
    return NULL;
  }
  *run = without_message(in, NULL);
  run->talk = talk;
  talk->run.state = KEPT_RUNS;
  return run;
}

static void go_without_message(MessageRun *run) {
  run->own_arena = run->arena = arena_new();
  if (run->arena) run->sender = arena_dup(run->arena, run->talk->run.openid);
  atomic_store(&run->own_said.state, SAID_SENDS);
  run->said = &run->own_said;
}

// Its record is of another format: as if the script had changed.
static void lose(MessageRun *run, const Err *err) {
  log_warn("what was under way with %.*s cannot go on: %s", STR_FMT(run->talk->run.openid),
           err->text);
  talk_drop(run->talk);
  talk_lose(run->talk);
}

static TaskState begin_kept(MessageRun *run, Record *record, const MessageTask *message) {
  Engine *engine = run->in->engine;
  bool moved = false;
  Task *task = engine_start_thread(engine, NULL) ? task_new(engine, &MESSAGE_BODY, run) : NULL;
  if (!task) {
    record_free(record);
    message_over(run);
    return TASK_LOST;
  }
  run->moved = &moved;
  task_copy_subject(task, message ? subject_of(message) : (LogSubject){ .openid = run->sender });
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
  if (task_post(task)) return TASK_WAITING;
  engine_release(engine);
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
      take_message(run, message, answer);
      run->tree = NULL;
      run->raw = STR("");
    } else {
      go_without_message(run);
    }
    if (!record && !run->refused) lose(run, &err);
    state = begin_kept(run, record, message);
  }
  engine_leave(in->engine);
  return state;
}

void interpreter_run_due(Interpreter *in, Str key) {
  Keep *keep = keep_of(in);
  Buf value;
  KeptRun kept;
  buf_init(&value);
  KeepFound found = keep_claim_due(keep, key, &value, &kept);
  if (found == KEEP_ASKING || found == KEEP_ENDED) {
    KeptState state = kept.state;
    if (run_kept(in, &kept, buf_str(&value), NULL, NULL, INT64_MAX, NULL) == TASK_LOST)
      keep_put_back(keep, &kept, state);
  }
  buf_clear(&value);
}

// Goes on with the user's conversation that is in the store; false if there is none.
static bool run_conversation(Interpreter *in, const MessageTask *message, int64_t deadline_us,
                             Answer *answer, TaskState *state) {
  Keep *keep = keep_of(in);
  Buf value;
  KeptRun kept = { 0 };
  buf_init(&value);
  engine_let_go(in->engine);  // the store is waited for
  KeepFound found =
      keep_claim(keep, message->sender, message->head->is_event, message->raw, &value, &kept);
  KeptState was = kept.state;
  bool same = found == KEEP_ENDED && str_eq(kept.answering, message->raw);
  *state = TASK_LOST;
  if (found == KEEP_ASKING || found == KEEP_ENDED) {
    bool answers = found == KEEP_ASKING || same;
    *state =
        run_kept(in, &kept, buf_str(&value), NULL, answers ? message : NULL, deadline_us, answer);
    if (*state == TASK_LOST) keep_put_back(keep, &kept, was);
    if (!answers) *state = TASK_LOST;  // the message waits for what was under way
  }
  buf_clear(&value);
  return found != KEEP_NOTHING;
}

TaskState interpreter_answer(Interpreter *in, const MessageTask *message, int64_t deadline_us,
                             Answer *answer) {
  TaskState state;
  if (keep_has_conversations(keep_of(in)) &&
      run_conversation(in, message, deadline_us, answer, &state))
    return state;
  return interpreter_run_message(in, message, deadline_us, answer);
}
