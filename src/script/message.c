// What a message's task runs: on_message, on_error in its place, and on_message again when a conversation goes
// on.
#include "script/message.h"

#include "base/clock.h"
#include "base/log.h"
#include "engine/method.h"
#include "script/inner.h"
#include "script/late.h"
#include "script/late_order.h"
#include "script/message_run.h"
#include "script/message_value.h"
#include "script/reply_value.h"
#include "script/said_value.h"

#include <stdio.h>
#include <stdlib.h>

// Behind its task; freed with it.
typedef struct {
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
  bool in_parts;     // VALUE_REPLY has what was said
  bool took_parts;   // `answer` was made of it
  bool asked;        // it is about to wait for the user's next message
  Buf error_text;    // for on_error
} MessageRun;

static MessageRun *run_of(const Task *task) { return task_data(task); }

static int prepare_message(lua_State *L, Task *task) {
  const MessageRun *run = run_of(task);
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
  if (!run->in->has_on_error) return NULL;
  buf_add(&run->error_text, error);
  return &ON_ERROR_BODY;
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

static TaskState message_suspended(Task *task) {
  MessageRun *run = run_of(task);
  bool asked = run->asked;
  if (run->returned) task_hold_engine(task);
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

static void answer_message(Task *task, MessageRun *run) {
  const Answer *answer = &run->answer;
  bool late = give_answer(task, run) && answer->reply.form != REPLY_NONE;
  if (late && run->took_parts) said_give_back(run->said);
  if (run->in_parts && said_state(run->said) != SAID_DROPS && said_left(run->said)) late = true;
  LatePlace *place = run->place;
  run->place = NULL;
  if (late || answer->rest.len > 0)
    late_send(task, run->in->options.shared, late ? &answer->reply : NULL, answer->rest, place,
              run->sender, run->in_parts ? run->said : NULL);
  else late_order_leave(place);
}

static void message_ended(Task *task) {
  MessageRun *run = run_of(task);
  if (task_state(task) != TASK_RETURNED) take_parts(run);
  use_error_reply(run, task_state(task));
  answer_message(task, run);
}

static void message_over(void *data) {
  MessageRun *run = data;
  void *owner = run->owner;
  void (*over)(void *owner) = run->returned ? NULL : run->over;
  arena_free(run->own_arena);
  buf_clear(&run->error_text);
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
                       .error_text = run ? run->error_text : (Buf){ 0 } };
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
    task_limit(task);
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
  answer_message(task, run);
  task_copy_subject(task, (LogSubject){ .openid = run->sender });
  arena_free(run->own_arena);
  *run = without_message(run->in, run);
  run->asked = true;
  task_unlimit(task);
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
  take_message(run_of(task), start->message, start->answer);
  task_set_subject(task, subject_of(start->message));
  task_limit(task);
}

int message_push(lua_State *L, void *data) {
  const MessageTask *message = ((MessageStart *)data)->message;
  message_value_push(L, message->tree, message->head, message->raw);
  lua_pushvalue(L, -1);
  task_set_value(L, task_running(L), VALUE_MESSAGE);
  return 1;
}
