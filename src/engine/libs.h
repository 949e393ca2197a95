// The libraries of a state that replace functions of Lua. No other layer includes this header.
#ifndef WEMOON_ENGINE_LIBS_H
#define WEMOON_ENGINE_LIBS_H

#include <lua.h>
#include <stdbool.h>

#include "engine/engine.h"

void coroutine_open(lua_State *L);  // replaces the functions of `coroutine`
// Reserves a coroutine for the engine: scripts cannot resume or close it. May raise.
void coroutine_reserve(lua_State *L, lua_State *co);
void stdlib_open(lua_State *L, bool allow_shell);
void pcall_open(lua_State *L);  // replaces pcall and xpcall
// Replace functions of Lua's libraries by versions that call the guard.
void string_lib_open(lua_State *L);
void table_lib_open(lua_State *L);
void pairs_lib_open(lua_State *L);
void utf8_lib_open(lua_State *L);
void load_open(lua_State *L);
// Makes io.stdout and io.stderr write to EngineOptions.print, as the options say. May raise.
void streams_open(lua_State *L);
void streams_close(Engine *engine);  // after the state was closed
// Replaces the functions of `debug` that could break C code.
void debug_lib_open(lua_State *L);

#endif
