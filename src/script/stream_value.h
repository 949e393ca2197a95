// A stream in Lua: an object with `send` and `close`.
#ifndef WEMOON_SCRIPT_STREAM_VALUE_H
#define WEMOON_SCRIPT_STREAM_VALUE_H

#include <lua.h>
#include "script/stream.h"

// stream(): pushes a new stream, whose methods are
//   stream:send(text) -> true, or false once the reader has left
//   stream:close()       text already sent is still read
int stream_value_new(lua_State *L);
// Returns the stream at `index`, retained for its reader; NULL for any other value.
Stream *stream_value_take(lua_State *L, int index);

#endif
