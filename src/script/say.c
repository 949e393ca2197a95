// Parts that a script adds to the answer of its message.
#include "script/say.h"

#include "engine/method.h"
#include "script/inner.h"
#include "script/late.h"
#include "script/late_order.h"
#include "script/message_run.h"
#include "script/reply_value.h"
#include "script/said_value.h"

int say_part(lua_State *L) {
  Task *task = task_running(L);
  Said *said = task ? message_said(task) : NULL;
  if (!said)
    method_raise(L, "wechat.say: no message is being answered here (write it in on_message)");
  if (lua_type(L, 1) != LUA_TSTRING && !reply_value_is(L, 1))
    method_raise(L, "wechat.say: part is a %s (string or reply expected)", luaL_typename(L, 1));
  lua_settop(L, 2);
  task_set_value(L, task, VALUE_REPLY);
  said_value(L, 1, said, false);
  return 0;
}

int say_state(lua_State *L) {
  Task *task = task_running(L);
  Said *said = task ? message_said(task) : NULL;
  SaidState state = said ? said_state(said) : SAID_WAITS;
  lua_pushboolean(L, state == SAID_SENDS);
  lua_pushboolean(L, state == SAID_DROPS);
  return 2;
}

int say_taken(lua_State *L) {
  Task *task = task_running(L);
  size_t bytes;
  bool other;
  Said *said = late_taken(L, &bytes, &other) || !task ? NULL : message_said(task);
  if (said) said_taken(said, &bytes, &other);
  lua_pushinteger(L, (lua_Integer)bytes);
  lua_pushboolean(L, other);
  return 2;
}

int say_turn(lua_State *L) {
  Task *task = task_running(L);
  LatePlace *own = task && message_can_ask(task) ? message_place(task) : NULL;
  late_order_leave(own, false);  // the task keeps its own hold
  return late_turn(L, own);
}

int say_fate(lua_State *L) {
  Task *task = task_running(L);
  return late_fate(L, task && message_can_ask(task) ? message_known_by(task) : STR(""));
}

int say_deliver(lua_State *L) {
  Task *task = task_running(L);
  BotShared *shared = script_context(L)->options->shared;
  Said *said = task ? message_said(task) : NULL;
  if (!said || !shared) return 0;
  Late late = { .said = said,
                .place = message_place(task),
                .openid = message_sender(task),
                .identity = message_known_by(task) };
  if (!late_deliver(task, shared, &late)) raise_no_memory(L);
  return 0;
}

int say_spent(lua_State *L) {
  Task *task = task_running(L);
  Said *said = task ? message_said(task) : NULL;
  if (said) atomic_store_explicit(&said->spent, true, memory_order_relaxed);
  return 0;
}
