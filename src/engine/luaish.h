// Small helpers for C functions that Lua calls.
#ifndef WEMOON_ENGINE_LUAISH_H
#define WEMOON_ENGINE_LUAISH_H

#include <lauxlib.h>
#include <lua.h>
#include <stdnoreturn.h>

#include "base/str.h"

// The string argument at `index`, as luaL_checklstring: valid while the value is on the stack.
Str lua_str(lua_State *L, int index);
void push_str(lua_State *L, Str text);    // ptr NULL: ""
void push_lower(lua_State *L, Str text);  // A to Z alone
// t[name] = text, the table being on top.
void set_str(lua_State *L, const char *name, Str text);
// Like luaL_loadbufferx for text, but no message handler is called for the error that it returns.
int load_buffer(lua_State *L, Str code, const char *name);
// Like luaL_error.
noreturn void raise(lua_State *L, const char *format, ...);
noreturn void raise_no_memory(lua_State *L);

#endif
