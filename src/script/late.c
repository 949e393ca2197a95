// A task of its own for each: customer service messages wait for the platform, and the message's task is over.
#include "script/late.h"

#include "base/log.h"
#include "script/inner.h"

static const char function_key;

// The last of these must be sent before the bot ends.
static void delivery_ended(Task *task) {
  BotShared *shared = task_data(task);
  atomic_fetch_sub(&shared->late_under_way, 1);
}

static const TaskBody DELIVERY = { .ended = delivery_ended, .doing = "a late reply" };

typedef struct {
  const Task *from;
  Task *to;
  const Reply *reply;  // NULL: `rest`
  Str rest;
} Delivery;

void late_register(lua_State *L) { lua_rawsetp(L, LUA_REGISTRYINDEX, &function_key); }

// What the script returned; of one that failed, error_reply.
static void push_reply(lua_State *L, const Delivery *delivery) {
  const ReplyElement *content = delivery->reply->elements;
  task_push_value(L, delivery->from, VALUE_REPLY);
  if (!lua_isboolean(L, -1) || !content) return;
  lua_pop(L, 1);
  push_str(L, content->text);
}

// Lays function, reply or rest, message and is_rest on the new task's stack.
static int prepare(lua_State *L) {
  const Delivery *delivery = lua_touserdata(L, 1);
  lua_State *to = task_coroutine(delivery->to);
  if (!lua_checkstack(to, 6)) raise_no_memory(L);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &function_key);
  if (delivery->reply) push_reply(L, delivery);
  else push_str(L, delivery->rest);
  task_push_value(L, delivery->from, VALUE_MESSAGE);
  lua_pushvalue(L, -1);
  task_set_value(L, delivery->to, VALUE_MESSAGE);
  lua_pushboolean(L, !delivery->reply);
  lua_xmove(L, to, 4);
  return 0;
}

static bool post(Delivery *delivery, Engine *engine, BotShared *shared) {
  Err err = { 0 };
  lua_State *L = engine_main(engine);
  if (!engine_start_thread(engine, &err)) return false;
  delivery->to = task_new(engine, &DELIVERY, shared);
  if (!delivery->to) return false;
  task_copy_subject(delivery->to, task_subject(delivery->from));
  lua_pushcfunction(L, prepare);
  lua_pushlightuserdata(L, delivery);
  // Without its arguments it fails at once, is logged and gone: the one way out of a task.
  bool ready = lua_pcall(L, 1, 0, 0) == LUA_OK;
  if (!ready) lua_pop(L, 1);
  task_hold_engine(delivery->to);
  atomic_fetch_add(&shared->late_under_way, 1);
  if (task_post(delivery->to)) return ready;
  atomic_fetch_sub(&shared->late_under_way, 1);
  engine_release(engine);
  return false;
}

void late_send(const Task *from, BotShared *shared, const Reply *reply, Str rest) {
  Delivery delivery = { .from = from, .reply = reply, .rest = rest };
  if (!shared || engine_is_given_up(task_engine(from))) return;
  if (post(&delivery, task_engine(from), shared)) return;
  shared_lost(shared, "memory");
  log_warn("a late reply is lost: no memory to send it");
}
