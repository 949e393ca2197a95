// Replies that came too late to be the answer, and what of a long text did not fit into one.
#ifndef WEMOON_SCRIPT_LATE_H
#define WEMOON_SCRIPT_LATE_H

#include "engine/task.h"
#include "script/interpreter.h"
#include "wechat/reply.h"

// Pops the function(reply, message, is_rest) of the Lua half that sends them. May raise.
void late_register(lua_State *L);
// Has it send `reply` to the task's message, in a task of its own; or `rest`, if `reply` is NULL.
void late_send(const Task *from, BotShared *shared, const Reply *reply, Str rest);

#endif
