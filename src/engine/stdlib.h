// The standard library for scripts.
#ifndef WEMOON_ENGINE_STDLIB_H
#define WEMOON_ENGINE_STDLIB_H

#include <lua.h>
#include <stdbool.h>

#include "base/str.h"

// Returns why a script lacks the function of Lua's library that `code` names ("os.execute") and an error message calls
// nil ("... (field 'execute')"); NULL if it is no such function. An empty `code` is unknown, and the message decides.
const char *stdlib_why_nil(Str message, Str code);
// Returns whether the file with that chunk name is exempt from the checks of globals.
typedef bool StdlibExempt(lua_State *L, const char *source);
// Checks globals: reading an undefined global raises, and the log warns of a global that a function creates. May raise.
void stdlib_strict(lua_State *L, StdlibExempt *exempt);
// Pushes the original function `pairs`, even if the script has replaced the global.
void stdlib_push_pairs(lua_State *L);

#endif
