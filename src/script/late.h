// Replies that came too late to be the answer, and what of a long text did not fit into one.
#ifndef WEMOON_SCRIPT_LATE_H
#define WEMOON_SCRIPT_LATE_H

#include "engine/task.h"
#include "script/interpreter.h"
#include "wechat/reply.h"

struct LatePlace;  // script/late_order.h

// Pops the function(reply, message, is_rest) of the Lua half that sends them. May raise.
void late_register(lua_State *L);
// Has it send `reply` to the task's message, in a task of its own; or `rest`, if `reply` is NULL.
// `place`: the message's among its user's; it goes with the delivery. NULL: behind all that there are.
void late_send(const Task *from, BotShared *shared, const Reply *reply, Str rest,
               struct LatePlace *place, Str openid);
// Waits until no earlier message of the delivery's user is under way: returned by a C function as its last act.
int late_turn(lua_State *L);

#endif
