// wechat.say, as Lua calls it.
#ifndef WEMOON_SCRIPT_SAY_H
#define WEMOON_SCRIPT_SAY_H

#include <lua.h>

// say(part, parts): adds a part to the answer of the running task's message and keeps the table `parts` as its
// reply. Returns whether parts go out now, and whether they are lost. Raises where no message is answered.
int say_part(lua_State *L);
// deliver(): has the parts that the running task keeps sent, in a task of its own, while the script goes on.
int say_deliver(lua_State *L);

#endif
