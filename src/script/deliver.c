// A task of its own for each: customer service messages wait for the platform, and the job is over.
#include "script/deliver.h"

#include "base/log.h"
#include "script/core.h"

static const char function_key;

static const TaskBody DELIVERY = { NULL, NULL, 0, "a late reply" };

typedef struct {
  const Task *from;
  Task *to;
  bool late;
} Delivery;

void deliver_register(lua_State *L) { lua_rawsetp(L, LUA_REGISTRYINDEX, &function_key); }

// What the script returned; of one that failed, error_reply.
static void push_reply(lua_State *L, const Task *from) {
  const ReplyElement *content = from->reply.elements;
  if (lua_rawgeti(L, LUA_REGISTRYINDEX, from->reply_ref) != LUA_TBOOLEAN || !content) return;
  lua_pop(L, 1);
  lua_pushlstring(L, content->text.ptr, content->text.len);
}

// Lays function, reply or rest, message and is_rest on the new task's stack.
static int prepare(lua_State *L) {
  const Delivery *delivery = lua_touserdata(L, 1);
  const Task *from = delivery->from;
  Task *to = delivery->to;
  if (!lua_checkstack(to->co, 6)) return luaL_error(L, "not enough memory");
  lua_rawgetp(L, LUA_REGISTRYINDEX, &function_key);
  if (delivery->late) push_reply(L, from);
  else lua_pushlstring(L, from->rest.ptr, from->rest.len);
  lua_rawgeti(L, LUA_REGISTRYINDEX, from->message_ref);
  lua_pushvalue(L, -1);
  task_keep(L, to->message_ref);
  lua_pushboolean(L, !delivery->late);
  lua_xmove(L, to->co, 4);
  return 0;
}

static bool post(Task *task, bool late) {
  Interpreter *in = task->in;
  Err err = { 0 };
  Delivery delivery = { .from = task,
                        .to = worker_start(in, &err) ? task_new(in, &DELIVERY) : NULL,
                        .late = late };
  if (!delivery.to) return false;
  lua_pushcfunction(in->L, prepare);
  lua_pushlightuserdata(in->L, &delivery);
  bool ready = lua_pcall(in->L, 1, 0, 0) == LUA_OK;
  if (!ready) lua_pop(in->L, 1);
  // Without its arguments it fails at once, is logged and gone: the one way out of a task.
  atomic_fetch_add(&in->options.shared->late_under_way, 1);
  interpreter_retain(in);
  return task_post(delivery.to) && ready;
}

void deliver(Task *task, bool late) {
  if (!task->in->options.shared || task->body == &DELIVERY) return;
  if (!post(task, late)) log_error("a late reply is lost: no memory to send it");
}

bool deliver_ended(const Task *task) {
  if (task->body != &DELIVERY) return false;
  atomic_fetch_sub(&task->in->options.shared->late_under_way, 1);
  return true;
}
