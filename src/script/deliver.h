// Replies that came too late to be the answer, and what of a long text did not fit. Inside script/ only.
#ifndef WEMOON_SCRIPT_DELIVER_H
#define WEMOON_SCRIPT_DELIVER_H

#include <lua.h>

// Pops the function(reply, message, is_rest) of the Lua half that sends them. May raise.
void deliver_register(lua_State *L);

#endif
