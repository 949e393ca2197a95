// The current message, for the C functions that scripts call.
#include "script/core.h"

void context_push_message(lua_State *L) {
  Task *task = interpreter_of(L)->task;
  if (!task) lua_pushnil(L);
  else if (lua_rawgeti(L, LUA_REGISTRYINDEX, task->message_ref) == LUA_TTABLE) return;
  else lua_pushnil(L), lua_remove(L, -2);
}

void context_set_message(lua_State *L) {
  Task *task = interpreter_of(L)->task;
  if (task) task_keep(L, task->message_ref);
  else lua_pop(L, 1);
}
