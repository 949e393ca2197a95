// What a message's task runs: on_message, on_error in its place, and on_message again when a conversation goes
// on.
#include "script/message.h"

#include "base/log.h"
#include "engine/method.h"
#include "script/inner.h"
#include "script/late.h"
#include "script/message_run.h"
#include "script/message_value.h"
#include "script/reply_value.h"

#include <stdlib.h>

// Behind its task; freed with it.
typedef struct {
  Interpreter *in;
  const MessageTask *message;  // during its first slice
  bool is_event;
  bool asked;  // it is about to wait for the user's next message
  void *owner;
  bool (*done)(void *owner, TaskState state, const Reply *reply, Str rest);
  void (*over)(void *owner);
  Arena *arena;      // NULL: there is nothing to answer
  Arena *own_arena;  // of one that goes on without a message to answer; else NULL
  Str sender;        // of the message, in `arena`
  atomic_int *api_calls;
  Reply reply;
  Str rest;
  Buf error_text;  // for on_error
} MessageRun;

static MessageRun *run_of(const Task *task) { return task_data(task); }

static int prepare_message(lua_State *L, Task *task) {
  const MessageTask *message = run_of(task)->message;
  task_push_global(L, "on_message");
  message_value_push(L, message->tree, message->head, message->raw);
  lua_pushvalue(L, -1);
  task_set_value(L, task, VALUE_MESSAGE);
  return 1;
}

static void complain_of_result(lua_State *L, const char *function) {
  lua_Debug ar = { .short_src = "?", .linedefined = 0 };
  if (task_push_global(L, function) == LUA_TFUNCTION) lua_getinfo(L, ">S", &ar);
  log_error("%s:%d: %s returned a value of type %s: return a reply (wechat.response_...), a "
            "string, or nothing",
            ar.short_src, ar.linedefined, function, luaL_typename(L, 1));
}

static void take_reply(lua_State *L, Task *task, const char *function) {
  MessageRun *run = run_of(task);
  switch (reply_value_to(L, 1, run->arena, run->is_event, &run->reply, &run->rest)) {
    case REPLY_VALUE_OK:
      lua_pushvalue(L, 1);
      task_set_value(L, task, VALUE_REPLY);
      return;
    case REPLY_VALUE_NOT_A_REPLY: complain_of_result(L, function); break;
    case REPLY_VALUE_NO_MEMORY: raise(L, "not enough memory for the reply");
  }
  run->reply = (Reply){ .form = REPLY_NONE };
  run->rest = STR("");
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
  if (!run->in->has_on_error) return NULL;
  buf_add(&run->error_text, error);
  return &ON_ERROR_BODY;
}

static TaskState message_suspended(Task *task) {
  MessageRun *run = run_of(task);
  // The message has been answered by the question; the task now waits for the user's next one.
  TaskState state = run->asked ? TASK_RETURNED : TASK_WAITING;
  run->message = NULL;
  run->asked = false;
  return state;
}

// A failed one that has no reply of on_error's gets the configured one.
static void use_error_reply(MessageRun *run, TaskState state) {
  Str text = run->in->options.error_reply;
  if (state == TASK_RETURNED || run->reply.form != REPLY_NONE || !run->arena || text.len == 0)
    return;
  if (!reply_text(&run->reply, run->arena, text, &run->rest))
    run->reply = (Reply){ .form = REPLY_NONE };
}

// To the owner; what came too late, or has no owner, goes out as customer service messages.
static void give_reply(Task *task, MessageRun *run) {
  bool late = run->own_arena && run->reply.form != REPLY_NONE;
  if (run->done) late = run->done(run->owner, task_state(task), &run->reply, run->rest);
  if (late || run->rest.len > 0)
    late_send(task, run->in->options.shared, late ? &run->reply : NULL, run->rest);
}

static void message_ended(Task *task) {
  MessageRun *run = run_of(task);
  use_error_reply(run, task_state(task));
  give_reply(task, run);
}

static void message_over(void *data) {
  MessageRun *run = data;
  void *owner = run->owner;
  void (*over)(void *owner) = run->over;
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

static void take_message(MessageRun *run, const MessageTask *message) {
  run->message = message;
  run->is_event = message->head->is_event;
  run->owner = message->owner;
  run->done = message->done;
  run->over = message->over;
  run->arena = message->arena;
  run->sender = message->sender;
  run->api_calls = message->api_calls;
}

static MessageRun *message_run_new(Interpreter *in, const MessageTask *message) {
  MessageRun *run = calloc(1, sizeof *run);
  if (!run) return NULL;
  run->in = in;
  run->reply.form = REPLY_NONE;
  buf_init(&run->error_text);
  take_message(run, message);
  return run;
}

TaskState interpreter_run_message(Interpreter *in, const MessageTask *message,
                                  int64_t deadline_us) {
  if (!engine_enter(in->engine, deadline_us)) return TASK_LOST;
  MessageRun *run = message_run_new(in, message);
  Task *task = run ? task_new(in->engine, &MESSAGE_BODY, run) : NULL;
  TaskState state = TASK_LOST;
  if (task) {
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

atomic_int *message_calls(const Task *task) {
  return is_message(task) ? run_of(task)->api_calls : NULL;
}

void message_take_question(lua_State *L, Task *task) {
  MessageRun *run = run_of(task);
  switch (reply_value_to(L, 1, run->arena, run->is_event, &run->reply, &run->rest)) {
    case REPLY_VALUE_OK: break;
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
  void (*over)(void *owner) = run->over;
  give_reply(task, run);
  arena_free(run->own_arena);
  *run = (MessageRun){ .in = run->in,
                       .message = run->message,
                       .is_event = run->is_event,
                       .asked = true,
                       .reply = { .form = REPLY_NONE },
                       .error_text = run->error_text };
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
}

void message_begin(Task *task, void *message) {
  take_message(run_of(task), message);
  task_limit(task);
}

int message_push(lua_State *L, void *data) {
  const MessageTask *message = data;
  message_value_push(L, message->tree, message->head, message->raw);
  lua_pushvalue(L, -1);
  task_set_value(L, task_running(L), VALUE_MESSAGE);
  return 1;
}
