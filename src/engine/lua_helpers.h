// Small helpers for C functions that Lua calls.
#ifndef WEMOON_ENGINE_LUAISH_H
#define WEMOON_ENGINE_LUAISH_H

#include <lauxlib.h>
#include <lua.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdnoreturn.h>

#include "base/str.h"

// Returns the string argument at `index`, as luaL_checklstring does: valid while the value is on the stack.
Str lua_str(lua_State *L, int index);
void push_str(lua_State *L, Str text);    // pushes "" if ptr is NULL
void push_lower(lua_State *L, Str text);  // in lower case, ASCII letters only
// Sets t[name] = text in the table on top of the stack.
void set_str(lua_State *L, const char *name, Str text);
// Loads source text like luaL_loadbufferx, but Lua calls no message handler for a syntax error.
int load_buffer(lua_State *L, Str code, const char *name);
// Notes in the state that a coroutine can yield across `function`. May raise.
void pass_yields(lua_State *L, lua_CFunction function);
// Whether pass_yields has noted the C function at `index`.
bool passes_yields(lua_State *L, int index);
// Raises the text on top of the stack, followed by the formatted one, like luaL_error.
noreturn void raise_at(lua_State *L, const char *format, va_list args);
// Like luaL_error.
noreturn void raise(lua_State *L, const char *format, ...);
noreturn void raise_no_memory(lua_State *L);

#endif
