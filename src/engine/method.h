// Methods: Lua functions whose arguments are checked before they run.
#ifndef WEMOON_ENGINE_METHOD_H
#define WEMOON_ENGINE_METHOD_H

#include <lua.h>
#include <stdnoreturn.h>

// Pushes a table with the functions `method` and `fail` (method.c).
int method_open(lua_State *L);
// Raises a string that begins with the script's line that called the running method, however deep inside the method the
// error is found. Formats like lua_pushfstring.
noreturn void method_raise(lua_State *L, const char *format, ...);

#endif
