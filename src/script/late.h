// Replies that came too late to be the answer, and what of a long text did not fit into one.
#ifndef WEMOON_SCRIPT_LATE_H
#define WEMOON_SCRIPT_LATE_H

#include "engine/task.h"
#include "script/interpreter.h"
#include "script/said.h"
#include "wechat/reply.h"

struct LatePlace;  // script/late_order.h
struct Talk;       // script/talk.h

// Pops the function(reply, message, is_rest) of the Lua half that sends them. May raise.
void late_register(lua_State *L);
// What is sent, and what goes with it.
typedef struct {
  const Reply *reply;  // NULL: `rest`
  Str rest;
  Said *
      said;  // of what parts the function is told how much went out; NULL if it was not said in parts
  struct LatePlace *place;  // the message's among its user's; NULL: behind all that there are
  Str openid, identity;     // of the message
  bool keeps;               // it is kept for the user's next message, instead of sent
  bool gone;                // it is not kept for its user
  bool asks;  // it is a question of the script's, which goes on with the user's next message
  // What is kept of the task's run; it leaves the store when this is out. NULL: nothing.
  struct Talk *talk;
} Late;
// Sends it to the sender of the task's message, in a task of its own.
void late_send(Task *from, BotShared *shared, const Late *late);
// Has it called with the reply value of the running task and true, before that task's end. False without memory.
bool late_deliver(Task *from, BotShared *shared, const Late *late);
// In such a task, how much of what was said in parts went out before: bytes of the first texts, whether the first part.
// False in any other.
bool late_taken(lua_State *L, size_t *bytes, bool *other);
// In such a task, pushes the identity of its message, `keeps`, `asks` and `gone`. In any other `own` and false.
// Returns 4.
int late_fate(lua_State *L, Str own);
// Waits until no earlier message of the user is under way: returned by a C function as its last act. `own` is the place
// of a task that is no such one; NULL: it waits for nobody.
int late_turn(lua_State *L, struct LatePlace *own);

#endif
