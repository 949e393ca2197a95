// The Lua values that wechat.spawn and wechat.gate return.
#ifndef WEMOON_HOST_SPAWNED_H
#define WEMOON_HOST_SPAWNED_H

#include "engine/task.h"

// Registers the types; once per state.
void spawned_open(lua_State *L);
typedef struct Spawned Spawned;

// Pushes a value without a task; raises without memory. Its methods:
//   :cancel()          cancels the task; returns true, or false if the task had ended. Raises in the task itself
//   :join([timeout_s]) waits for the task's end; returns "returned", "cancelled" or "failed", or nil at the time-out
Spawned *spawned_push(lua_State *L);
// Gives it its task, which was posted and has not begun.
void spawned_hold(Spawned *spawned, Task *task);
// The Lua function gate(n): returns a gate with n passes. Its methods:
//   :pass()                          returns an empty pass
//   :enter(pass[, timeout_s, until]) waits until the pass holds one of the n; returns true, or nil at the time-out
//   :hold(pass)                      makes the pass hold one without waiting, after a replay (l_hold)
// A pass is given back by its method :leave(), by <close>, or at the end of the task that has it.
int spawned_gate(lua_State *L);

#endif
