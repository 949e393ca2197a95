// Small helpers for C functions that Lua calls.
#include "engine/luaish.h"

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

noreturn void raise(lua_State *L, const char *format, ...) {
  luaL_where(L, 1);
  va_list args;
  va_start(args, format);
  lua_pushvfstring(L, format, args);
  va_end(args);
  lua_concat(L, 2);
  lua_error(L);
  abort();
}

noreturn void raise_no_memory(lua_State *L) { raise(L, "not enough memory"); }
