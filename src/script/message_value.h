// A message as Lua sees it: `msg`.
//
// A table that starts empty but for one userdata with a copy of tree and raw. A field is filled in when it is
// first read; `pairs` and `next` fill in all of them first, and the table is a plain one from then on. It may
// be kept for as long as the script likes.
#ifndef WEMOON_SCRIPT_MESSAGE_VALUE_H
#define WEMOON_SCRIPT_MESSAGE_VALUE_H

#include <lua.h>
#include "wechat/message.h"

// Pushes the table `msg` for a parsed message. It keeps its own copy of tree and raw, in Lua's memory. May
// raise (memory).
void message_value_push(lua_State *L, const NodeTree *tree, const MessageHead *head, Str raw);
// Pushes the elements of any document as plain tables and strings, lists as message_is_list says.
void message_value_push_elements(lua_State *L, const NodeTree *tree);
// Registers the metatable; once per state.
void message_value_open(lua_State *L);
// Fills in every field and makes the table at `index` a plain one; nothing for any other value.
void message_value_fill(lua_State *L, int index);
// Which of the account's credentials opened it: 0 unless message_value_set_credential said otherwise.
void message_value_set_credential(lua_State *L, int index, size_t credential);
size_t message_value_credential(lua_State *L, int index);
// `next` for scripts: fills a message in first, so that what keeps it is never seen.
int message_value_next(lua_State *L);

#endif
