// "file:line" of the script, for errors and log lines: never a line of the user's own Lua files
// (EngineOptions.own_chunks).
#ifndef WEMOON_ENGINE_PLACE_H
#define WEMOON_ENGINE_PLACE_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

enum { PLACE_SIZE = 200 };

// Whether a place ("file:line", or a short_src) is in one of the user's own files.
bool place_is_own(lua_State *L, const char *place);
// Pushes what luaL_where has for the function at that level, "file:line: "; "" for one of the user's own.
void place_push(lua_State *L, int level);
// Writes "file:line" of the innermost frame of the script in L's stack, "" if there is none.
void place_innermost(lua_State *L, char *place, size_t size);

#endif
