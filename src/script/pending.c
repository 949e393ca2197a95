// Operations outside, as userdata.
#include "script/pending.h"

#include <lauxlib.h>
#include <string.h>

static const char pending_metatable;

void pending_clear(Pending *pending) {
  if (pending->result) pending->free(pending->result);
  pending->result = NULL;
}

static int l_gc(lua_State *L) {
  pending_clear(lua_touserdata(L, 1));
  return 0;
}

Pending *pending_push(lua_State *L, void (*free)(void *result), void *target) {
  Pending *pending = lua_newuserdatauv(L, sizeof *pending, 0);
  *pending = (Pending){ NULL, free, target, 0 };
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &pending_metatable) != LUA_TTABLE) {
    lua_pop(L, 1);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, l_gc);
    lua_setfield(L, -2, "__gc");
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &pending_metatable);
  }
  lua_setmetatable(L, -2);
  return pending;
}

Pending *pending_at(lua_State *L, int index) { return lua_touserdata(L, index); }
