// host.route: pages of the bot's own.
//   add(method, path, fn): fn(request) is called for each request, in a task of its own (page.c says how)
//   stream(): a stream, for an answer that goes on (stream_value.h)
//   at(place): the running slice is at that "file:line", as long as nothing better is known
#include "script/core.h"

#include "script/libs.h"
#include "script/routes.h"
#include "script/stream_value.h"

static int l_add(lua_State *L) {
  Str method, path;
  method.ptr = luaL_checklstring(L, 1, &method.len);
  path.ptr = luaL_checklstring(L, 2, &path.len);
  luaL_checktype(L, 3, LUA_TFUNCTION);
  lua_settop(L, 3);
  int function = luaL_ref(L, LUA_REGISTRYINDEX), replaced = LUA_NOREF;
  bool added = routes_add(interpreter_of(L)->routes, method, path, function, &replaced);
  luaL_unref(L, LUA_REGISTRYINDEX, added ? replaced : function);
  return added ? 0 : luaL_error(L, "not enough memory");
}

static int l_at(lua_State *L) {
  guard_set_place(&interpreter_of(L)->slice, luaL_checkstring(L, 1));
  return 0;
}

static const luaL_Reg functions[] = {
  { "add", l_add },
  { "at", l_at },
  { "stream", stream_value_new },
  { NULL, NULL },
};

int lib_route(lua_State *L) {
  luaL_newlib(L, functions);
  return 1;
}
