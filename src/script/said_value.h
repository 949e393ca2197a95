// Parts of an answer in Lua: a table with a list `items`, which the task keeps as its reply.
#ifndef WEMOON_SCRIPT_SAID_VALUE_H
#define WEMOON_SCRIPT_SAID_VALUE_H

#include <lua.h>

#include "engine/task.h"
#include "script/said.h"

// Adds the value at `index`, a string or a reply, to `said`. Raises without memory.
void said_value(lua_State *L, int index, Said *said, bool to_event);
// Appends the value at `index` to the list of the task's reply.
void said_keep(lua_State *L, int index, Task *task);

#endif
