// Small helpers for C functions that Lua calls.
#include "engine/lua_helpers.h"

#include <stdarg.h>
#include <stdlib.h>

Str lua_str(lua_State *L, int index) {
  Str text;
  text.ptr = luaL_checklstring(L, index, &text.len);
  return text;
}

void push_str(lua_State *L, Str text) { lua_pushlstring(L, text.ptr ? text.ptr : "", text.len); }

void push_lower(lua_State *L, Str text) {
  luaL_Buffer buffer;
  char *out = luaL_buffinitsize(L, &buffer, text.len);
  for (size_t i = 0; i < text.len; i++) {
    char c = text.ptr[i];
    out[i] = c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
  }
  luaL_pushresultsize(&buffer, text.len);
}

void set_str(lua_State *L, const char *name, Str text) {
  push_str(L, text);
  lua_setfield(L, -2, name);
}

noreturn void raise_at(lua_State *L, const char *format, va_list args) {
  lua_pushvfstring(L, format, args);
  lua_concat(L, 2);
  lua_error(L);
  abort();
}

noreturn void raise(lua_State *L, const char *format, ...) {
  va_list args;
  luaL_where(L, 1);
  va_start(args, format);
  raise_at(L, format, args);
}

noreturn void raise_no_memory(lua_State *L) { raise(L, "not enough memory"); }

// The key of a table in the registry; its keys are the C functions that a coroutine can yield across.
static const char passing;

void pass_yields(lua_State *L, lua_CFunction function) {
  luaL_checkstack(L, 3, NULL);
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &passing) == LUA_TNIL) {
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &passing);
  }
  lua_pushcfunction(L, function);
  lua_pushboolean(L, true);
  lua_rawset(L, -3);
  lua_pop(L, 1);
}

bool passes_yields(lua_State *L, int index) {
  lua_CFunction function = lua_tocfunction(L, index);
  if (!function || lua_rawgetp(L, LUA_REGISTRYINDEX, &passing) != LUA_TTABLE) {
    if (function) lua_pop(L, 1);
    return false;
  }
  lua_pushcfunction(L, function);
  bool found = lua_rawget(L, -2) != LUA_TNIL;
  lua_pop(L, 2);
  return found;
}
