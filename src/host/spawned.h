// A spawned task as Lua sees it from outside, for wechat.spawn.
#ifndef WEMOON_HOST_SPAWNED_H
#define WEMOON_HOST_SPAWNED_H

#include "engine/task.h"

// Registers the type; once per state.
void spawned_open(lua_State *L);
// Pushes a value for a task that has not begun. Its methods:
//   :cancel()          ends it: true, or false if it has ended. Raises in the task itself
//   :join([timeout_s]) waits for its end -> "returned", "cancelled" or "failed"; nil at the time-out
void spawned_push(lua_State *L, Task *task);
// gate(n) -> a value whose method :enter([timeout_s]) waits for a pass -> it, or nil at the time-out. A pass is
// given back by :leave(), <close>, and the end of the task that has it.
int spawned_gate(lua_State *L);

#endif
