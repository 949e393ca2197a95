// The error of a method that cannot wait because Lua cannot suspend what called it.
#ifndef WEMOON_ENGINE_YIELD_BARRIER_H
#define WEMOON_ENGINE_YIELD_BARRIER_H

#include <lua.h>
#include <stdnoreturn.h>

// Raises an error in L: `what`, the name of a method, cannot wait. It names the innermost C function, between the
// caller and the start of the coroutine `where`, that Lua cannot yield across (passes_yields).
noreturn void yield_barrier_raise(lua_State *L, lua_State *where, const char *what);

#endif
