// Lua's standard library as scripts get it.
#ifndef WEMOON_ENGINE_STDLIB_H
#define WEMOON_ENGINE_STDLIB_H

#include <lua.h>
#include <stdbool.h>

// Whether the file of that chunk name is exempt from strictness.
typedef bool StdlibExempt(lua_State *L, const char *source);
// Makes reading an undefined global raise, and warns of globals that a function sets. May raise.
void stdlib_strict(lua_State *L, StdlibExempt *exempt);
// Pushes the function `pairs`, whatever the script has made of the global.
void stdlib_push_pairs(lua_State *L);

#endif
