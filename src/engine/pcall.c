// pcall and xpcall. They behave like Lua's own, except that they do not catch the forced end of a task.
#include "engine/libs.h"

#include "engine/guard.h"

#include <lauxlib.h>

static int answer(lua_State *L, int status, unsigned forced, int kept) {
  if (guard_forced(L) != forced) return guard_unwind_on(L);
  if (status == LUA_OK || status == LUA_YIELD) return lua_gettop(L) - kept;
  lua_pushboolean(L, false);
  lua_pushvalue(L, -2);
  return 2;
}

static int pcall_k(lua_State *L, int status, lua_KContext forced) {
  return answer(L, status, (unsigned)forced, 0);
}

static int l_pcall(lua_State *L) {
  unsigned forced = guard_forced(L);
  luaL_checkany(L, 1);
  lua_pushboolean(L, true);
  lua_insert(L, 1);
  int status = lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, forced, pcall_k);
  return pcall_k(L, status, forced);
}

static int xpcall_k(lua_State *L, int status, lua_KContext forced) {
  return answer(L, status, (unsigned)forced, 2);
}

static int l_xpcall(lua_State *L) {
  unsigned forced = guard_forced(L);
  int count = lua_gettop(L);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_pushboolean(L, true);
  lua_pushvalue(L, 1);
  lua_rotate(L, 3, 2);  // stack: function, handler, true, function, arguments
  int status = lua_pcallk(L, count - 2, LUA_MULTRET, 2, forced, xpcall_k);
  return xpcall_k(L, status, forced);
}

static const luaL_Reg functions[] = { { "pcall", l_pcall },
                                      { "xpcall", l_xpcall },
                                      { NULL, NULL } };

void pcall_open(lua_State *L) {
  lua_pushglobaltable(L);
  luaL_setfuncs(L, functions, 0);
  lua_pop(L, 1);
}
