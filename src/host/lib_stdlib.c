// host.stdlib: what scripts do not have of Lua's library, and what they write that is no Lua.
//   why_nil(message, code) -> why the function that the code calls is nil; nil if it is another one
//   syntax_hint(message) -> how to write what the parser refuses so; nil if nothing is known of it
#include "host/libs.h"

#include "engine/lua_helpers.h"
#include "engine/stdlib.h"
#include "script/syntax_hint.h"

static int l_why_nil(lua_State *L) {
  lua_pushstring(L, stdlib_why_nil(lua_str(L, 1), lua_str(L, 2)));
  return 1;
}

static int l_syntax_hint(lua_State *L) {
  lua_pushstring(L, syntax_hint(luaL_checkstring(L, 1)));
  return 1;
}

int lib_stdlib(lua_State *L) {
  lua_createtable(L, 0, 2);
  lua_pushcfunction(L, l_why_nil);
  lua_setfield(L, -2, "why_nil");
  lua_pushcfunction(L, l_syntax_hint);
  lua_setfield(L, -2, "syntax_hint");
  return 1;
}
