// Methods that check their arguments, for other C code.
#ifndef WEMOON_ENGINE_METHOD_H
#define WEMOON_ENGINE_METHOD_H

#include <lua.h>
#include <stdbool.h>
#include <stdnoreturn.h>

// Pushes a table with the functions `method` and `fail` (method.c).
int method_open(lua_State *L);
// Whether the function at `index` is a method's argument check: a C function that passes its
// arguments on to a body and can be yielded across.
bool method_is(lua_State *L, int index);
// Raises a string with the line of the script that called the running method, however deep below
// the method the fault is found. Formats as lua_pushfstring does.
noreturn void method_raise(lua_State *L, const char *format, ...);

#endif
