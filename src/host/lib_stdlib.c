// host.stdlib: what scripts do not have of Lua's library.
//   why_nil(message, code) -> why the function that the code calls is nil; nil if it is another one
#include "host/libs.h"

#include "engine/lua_helpers.h"
#include "engine/stdlib.h"

static int l_why_nil(lua_State *L) {
  lua_pushstring(L, stdlib_why_nil(lua_str(L, 1), lua_str(L, 2)));
  return 1;
}

int lib_stdlib(lua_State *L) {
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, l_why_nil);
  lua_setfield(L, -2, "why_nil");
  return 1;
}
