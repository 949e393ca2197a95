// Late replies, which missed the deadline, and the rest of texts that are too long for one reply.
#ifndef WEMOON_SCRIPT_LATE_H
#define WEMOON_SCRIPT_LATE_H

#include "engine/task.h"
#include "script/interpreter.h"
#include "script/said.h"
#include "wechat/reply.h"

struct LatePlace;  // script/late_order.h
struct StoredRun;  // script/stored_run.h

// Pops and registers the function(reply, message, is_rest) of the Lua half that sends late replies. May raise.
void late_register(lua_State *L);
// A late reply and its circumstances.
typedef struct {
  const Reply *reply;  // NULL: `rest` is sent
  Str rest;
  Said *said;  // the parts, for the number of bytes already sent; NULL if the answer has no parts
  struct LatePlace *place;  // the message's place; NULL: after all places of its user
  Str openid, identity;     // of the message
  bool keeps;               // the reply is kept for the user's next message instead of sent
  bool gone;                // the reply may not be kept for its user
  bool asks;  // the reply is a question of the script, which continues with the user's next message
  // The stored run of the task; deleted from the store once the reply is sent. NULL: none.
  struct StoredRun *stored;
} Late;
// Sends the reply to the sender of the task's message, in a separate task.
void late_send(Task *from, BotShared *shared, const Late *late);
// Calls the registered function, in a separate task, with the reply value of the task `from` and true, before the end
// of `from`. Returns false without memory.
bool late_deliver(Task *from, BotShared *shared, const Late *late);
// In a task of late_send or late_deliver, gets how much of the parts was already sent: bytes of the first texts, and
// whether the first other reply. Returns false in any other task.
bool late_taken(lua_State *L, size_t *bytes, bool *other);
// Pushes, in such a task, the identity of its message, `keeps`, `asks` and `gone`; in any other task `own` and three
// times false. Returns 4.
int late_fate(lua_State *L, Str own);
// Waits until no earlier message of the user is under way. A C function returns its result. `own` is the place to use
// in any other task; NULL: does not wait.
int late_turn(lua_State *L, struct LatePlace *own);

#endif
