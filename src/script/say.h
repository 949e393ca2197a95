// wechat.say, as Lua calls it.
#ifndef WEMOON_SCRIPT_SAY_H
#define WEMOON_SCRIPT_SAY_H

#include <lua.h>

// say(part, parts): adds a part to the answer of the running task's message and keeps the table
// `parts` as its reply. Raises if no message is being answered.
int say_part(lua_State *L);
// saying(): whether parts go out now, and whether they are lost. Passes the door, since the script
// does not decide it.
int say_state(lua_State *L);
// taken(): how much of what the running task sends, or has said, went out as the passive reply: the
// bytes of the first texts, and whether the first part did.
int say_taken(lua_State *L);
// fate(): the identity of the message; of a late reply's task also whether it is kept instead of sent, whether it
// asks, and whether its user is gone. For the door, as saying().
int say_fate(lua_State *L);
// turn(): waits until the answers to the user's earlier messages are out.
int say_turn(lua_State *L);
// deliver(): has the parts that the running task keeps sent, in a task of its own, while the script goes on.
int say_deliver(lua_State *L);

// spent(): no customer service message is left for the user whose message the running task answers.
int say_spent(lua_State *L);

#endif
