// The methods that lib_args.c makes, as other C functions meet them. Inside script/ only.
#ifndef WEMOON_SCRIPT_ARGS_H
#define WEMOON_SCRIPT_ARGS_H

#include <lua.h>
#include <stdbool.h>

// Whether the function at `index` is a method's argument check: a C function that hands on to a body and can
// be yielded across.
bool args_is_method(lua_State *L, int index);
// Raises a string with the line of whoever called the method under way, wherever below it this is found out;
// formats as lua_pushfstring does. `return args_error(...)`.
int args_error(lua_State *L, const char *format, ...);

#endif
