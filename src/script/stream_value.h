// A stream as Lua has it: an object with `send` and `close`.
#ifndef WEMOON_SCRIPT_STREAM_VALUE_H
#define WEMOON_SCRIPT_STREAM_VALUE_H

#include <lua.h>
#include "script/stream.h"

// stream(): pushes a new stream, whose methods are
//   stream:send(text) -> true, or false once nobody reads any more
//   stream:close()       what was sent is still read
int stream_value_new(lua_State *L);
// The stream at `index`, held once more for its reader; NULL for another value.
Stream *stream_value_take(lua_State *L, int index);

#endif
