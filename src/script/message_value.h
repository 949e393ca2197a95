// A message in Lua: `msg`.
//
// A table that starts with `type`, `content` of a text, and one userdata with a copy of tree and raw. Other fields are
// filled in when first read; `pairs` and `next` first fill in all fields, and from then on the table is a plain one.
// The script may keep the table as long as it likes.
#ifndef WEMOON_SCRIPT_MESSAGE_VALUE_H
#define WEMOON_SCRIPT_MESSAGE_VALUE_H

#include <lua.h>
#include "wechat/message.h"

// Pushes the table `msg` for a parsed message, with a copy of tree and raw in Lua's memory. May raise (memory).
void message_value_push(lua_State *L, const NodeTree *tree, const MessageHead *head, Str raw);
// Pushes the elements of any document as plain tables and strings; message_is_list says which are lists.
void message_value_push_elements(lua_State *L, const NodeTree *tree);
// Registers the metatable. Call it once per state.
void message_value_open(lua_State *L);
// Fills in every field and makes the table at `index` a plain one; does nothing for any other value.
void message_value_fill(lua_State *L, int index);
// The index of the account's credential that opened the message: 0 unless set.
void message_value_set_credential(lua_State *L, int index, size_t credential);
size_t message_value_credential(lua_State *L, int index);
// `next` for scripts: fills in a message first, so that scripts never see its userdata.
int message_value_next(lua_State *L);

#endif
