// Lua's standard library as scripts get it.
#ifndef WEMOON_ENGINE_STDLIB_H
#define WEMOON_ENGINE_STDLIB_H

#include <lua.h>
#include <stdbool.h>

// Whether strictness is not for the file of that chunk name.
typedef bool StdlibExempt(lua_State *L, const char *source);
// From now on undefined globals raise, and globals that a function makes are warned of. May raise.
void stdlib_strict(lua_State *L, StdlibExempt *exempt);
// Pushes the function `pairs`, whatever the script has made of the global.
void stdlib_push_pairs(lua_State *L);

#endif
