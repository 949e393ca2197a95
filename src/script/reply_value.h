// Converts the value that a script returns to a Reply.
//
// A reply in Lua is a table {type = ..., ...} with a metatable that lua/wechat/reply.lua registers, together with the
// function that lists a reply's elements: {{"Title", "text"}, {"SessionID", 9}, {"Image", {{"MediaId", "..."}}}};
// strings are written as CDATA, numbers without it.
#ifndef WEMOON_SCRIPT_REPLY_VALUE_H
#define WEMOON_SCRIPT_REPLY_VALUE_H

#include <lua.h>
#include "wechat/reply.h"

typedef enum { REPLY_VALUE_OK, REPLY_VALUE_NOT_A_REPLY, REPLY_VALUE_NO_MEMORY } ReplyValue;

// Converts the value at `index` (string, reply table, nil, false) to a Reply whose slices live in `arena`. `to_event`:
// the reply answers an event (at most 8 articles, else 1; surplus articles are dropped and logged). `rest` gets the
// rest of a text that is too long for one reply. May raise for elements that the script put into a reply table itself;
// call it protected.
ReplyValue reply_value_to(lua_State *L, int index, Arena *arena, bool to_event, Reply *reply,
                          Str *rest);

// Registers the metatable at the top of the stack and, below it, the function that lists the elements of a reply; pops
// both. Call it once per state.
void reply_value_register(lua_State *L);
// Returns whether the value at `index` is a reply table.
bool reply_value_is(lua_State *L, int index);

#endif
