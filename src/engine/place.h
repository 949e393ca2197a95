// "file:line" of the script, for errors and log lines: never a line of the user's own Lua files
// (EngineOptions.own_chunks).
#ifndef WEMOON_ENGINE_PLACE_H
#define WEMOON_ENGINE_PLACE_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

enum { PLACE_SIZE = 200 };

// Whether a place ("file:line", or a short_src) is in one of the user's own Lua files.
bool place_is_own(lua_State *L, const char *place);
// Pushes "file:line: " of the function at that level, as luaL_where does; "" if the function is in one of the user's
// own Lua files.
void place_push(lua_State *L, int level);
// Writes "file:line" of the script's innermost frame in L's stack, or "" if there is none, cut to `size` bytes.
void place_innermost(lua_State *L, char *place, size_t size);

#endif
