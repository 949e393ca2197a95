// Methods that check their arguments, as other C functions meet them.
#ifndef WEMOON_ENGINE_METHOD_H
#define WEMOON_ENGINE_METHOD_H

#include <lua.h>
#include <stdbool.h>
#include <stdnoreturn.h>

// Pushes a table with the functions `method` and `fail` (method.c).
int method_open(lua_State *L);
// Whether the function at `index` is a method's argument check: a C function that hands on to a body and can
// be yielded across.
bool method_is(lua_State *L, int index);
// Raises a string with the line of the script that called the method under way, wherever below it this is
// found out; formats as lua_pushfstring does.
noreturn void method_raise(lua_State *L, const char *format, ...);

#endif
