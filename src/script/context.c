// The current message, for the C functions that scripts call.
#include "script/inner.h"
#include "script/message_run.h"

void context_push_message(lua_State *L) {
  Task *task = task_running(L);
  if (task) task_push_value(L, task, VALUE_MESSAGE);
  else lua_pushnil(L);
  if (lua_istable(L, -1)) return;
  lua_pop(L, 1);
  lua_pushnil(L);
}

void context_give_message(lua_State *L, Task *task) { task_set_value(L, task, VALUE_MESSAGE); }

void context_set_message(lua_State *L) {
  Task *task = task_running(L);
  if (task) task_set_value(L, task, VALUE_MESSAGE);
  else lua_pop(L, 1);
}

void context_count_call(lua_State *L) {
  atomic_int *calls = message_calls(task_running(L));
  if (calls) atomic_fetch_add_explicit(calls, 1, memory_order_relaxed);
}
