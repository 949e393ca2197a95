// What a message's task runs: on_message, on_error in its place, and on_message again where a conversation
// goes on.
#include "script/args.h"
#include "script/core.h"

#include "base/log.h"
#include "script/message_value.h"
#include "script/reply_value.h"

static int prepare_message(lua_State *L, Task *task) {
  const MessageTask *message = task->message;
  task_push_global(L, "on_message");
  message_value_push(L, message->tree, message->head, message->raw);
  lua_pushvalue(L, -1);
  task_keep(L, task->message_ref);
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
  switch (reply_value_to(L, 1, task->arena, task->is_event, &task->reply, &task->rest)) {
    case REPLY_VALUE_OK:
      lua_pushvalue(L, 1);
      task_keep(L, task->reply_ref);
      return;
    case REPLY_VALUE_NOT_A_REPLY: complain_of_result(L, function); break;
    case REPLY_VALUE_NO_MEMORY: luaL_error(L, "not enough memory for the reply");
  }
  task->reply = (Reply){ .form = REPLY_NONE };
  task->rest = STR("");
}

static void finish_message(lua_State *L, Task *task) { take_reply(L, task, "on_message"); }

const TaskBody MESSAGE_BODY = { prepare_message, finish_message, 1, "on_message" };

// The error's own value is on the stack; nil where there is none, and the text says what happened.
static int prepare_on_error(lua_State *L, Task *task) {
  if (lua_isnil(L, 1)) {
    Str text = buf_str(&task->error_text);
    lua_pushlstring(L, text.ptr, text.len);
    lua_replace(L, 1);
  }
  task_push_global(L, "on_error");
  lua_insert(L, 1);
  context_push_message(L);
  return 2;
}

static void finish_on_error(lua_State *L, Task *task) { take_reply(L, task, "on_error"); }

const TaskBody ON_ERROR_BODY = { prepare_on_error, finish_on_error, 1, "on_error" };

static void take_message(Task *task, const MessageTask *message) {
  task->message = message;
  task->is_event = message->head->is_event;
  task->owner = message->owner;
  task->done = message->done;
  task->over = message->over;
  task->arena = message->arena;
  task->sender = message->sender;
  task->api_calls = message->api_calls;
  task->deadline_us = task_deadline(task->in);
}

TaskState interpreter_run_message(Interpreter *in, const MessageTask *message,
                                  int64_t deadline_us) {
  if (!lock_take(&in->lock, deadline_us)) return TASK_LOST;
  guard_enter(in);
  Task *task = task_new(in, &MESSAGE_BODY);
  TaskState state = TASK_LOST;
  if (task) {
    take_message(task, message);
    state = task_run(task);
  }
  guard_leave(in);
  lock_give(&in->lock);
  return state;
}

// ---- conversations ------------------------------------------------------------------------------

bool task_is_message(const Task *task) { return task->body == &MESSAGE_BODY && task->arena; }

void task_take_question(lua_State *L, Task *task) {
  switch (reply_value_to(L, 1, task->arena, task->is_event, &task->reply, &task->rest)) {
    case REPLY_VALUE_OK: break;
    case REPLY_VALUE_NOT_A_REPLY:
      args_error(L, "wechat.ask: question is a %s (string or reply expected)", luaL_typename(L, 1));
      break;
    case REPLY_VALUE_NO_MEMORY: luaL_error(L, "not enough memory for the question");
  }
  lua_pushvalue(L, 1);
  task_keep(L, task->reply_ref);
}

void task_answer_and_stay(Task *task) {
  void *owner = task->owner;
  void (*over)(void *owner) = task->over;
  task_give_reply(task);
  task->owner = task->arena = NULL;
  task->done = NULL;
  task->over = NULL;
  task->sender = STR("");
  task->api_calls = NULL;
  task->reply = (Reply){ .form = REPLY_NONE };
  task->rest = STR("");
  task->deadline_us = INT64_MAX;
  task->asked = true;
  arena_free(task->own_arena);
  task->own_arena = NULL;
  // The conversation holds the interpreter now.
  if (task->holds) interpreter_release(task->in);
  task->holds = false;
  if (over) over(owner);
}

void task_orphan(Task *task, Str openid) {
  task->holds = true;
  task->own_arena = task->arena = arena_new();
  if (task->arena) task->sender = arena_dup(task->arena, openid);
  task->deadline_us = task_deadline(task->in);
}

static int push_answer(lua_State *L, void *data) {
  Task *task = interpreter_of(L)->task;
  message_value_push(L, task->message->tree, task->message->head, task->message->raw);
  lua_pushvalue(L, -1);
  task_keep(L, task->message_ref);
  return 1;
}

TaskState task_answer(Task *task, Wait *wait, const MessageTask *message) {
  wait->push = push_answer;
  wait->finished = true;
  wait->cancel = NULL;
  take_message(task, message);
  return task_run(task);
}
