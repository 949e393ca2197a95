// Modules that require each other while they load: Lua would load them again and again until its stack is full.
#ifndef WEMOON_SCRIPT_REQUIRE_CYCLE_H
#define WEMOON_SCRIPT_REQUIRE_CYCLE_H

#include <lua.h>

// For a function of package.searchers that `require` calls: raises, with the places of the cycle, if the module `name`
// is being loaded already. A module that has set package.loaded[name] itself never comes here. A cycle through a
// coroutine that a module makes while it loads is not noticed.
void require_cycle_check(lua_State *L, const char *name);

#endif
