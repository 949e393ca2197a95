// The C functions of wechat.say.
#ifndef WEMOON_SCRIPT_SAY_H
#define WEMOON_SCRIPT_SAY_H

#include <lua.h>

// say(part, parts): adds a part to the answer of the running task's message and keeps the table
// `parts` as its reply. Raises if no message is being answered.
int say_part(lua_State *L);
// saying(): returns whether parts are sent now, and whether they are lost. Called through the door, since the result
// does not depend on the script.
int say_state(lua_State *L);
// taken(): returns how much of what the running task sends, or has said, was sent as the passive reply: the bytes of
// the first texts, and whether the first other reply.
int say_taken(lua_State *L);
// fate(): returns the message's identity; in a late reply's task also whether the reply is kept instead of sent,
// whether it asks, and whether its user is gone (nothing may be kept for the user). Called through the door, like
// saying().
int say_fate(lua_State *L);
// turn(): waits until the answers to the user's earlier messages are sent.
int say_turn(lua_State *L);
// deliver(): sends the parts that the running task keeps, in a separate task, while the script continues.
int say_deliver(lua_State *L);

// spent(): notes that no customer service message is left for the user whose message the running task answers.
int say_spent(lua_State *L);

#endif
