// Lua's standard library as scripts get it.
#ifndef WEMOON_ENGINE_STDLIB_H
#define WEMOON_ENGINE_STDLIB_H

#include <lua.h>

// From now on undefined globals raise, and globals that a function makes are warned of. May raise.
void stdlib_strict(lua_State *L);

#endif
