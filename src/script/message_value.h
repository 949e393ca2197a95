// A message as Lua sees it: `msg`. Inside script/ only.
#ifndef WEMOON_SCRIPT_MESSAGE_VALUE_H
#define WEMOON_SCRIPT_MESSAGE_VALUE_H

#include <lua.h>
#include "wechat/message.h"

// Pushes the table `msg` for a parsed message. It keeps its own copy of tree and raw, in Lua's memory. May raise (memory).
void message_value_push(lua_State *L, const NodeTree *tree, const MessageHead *head, Str raw);
// Registers the metatable; once per state.
void message_value_open(lua_State *L);

#endif
