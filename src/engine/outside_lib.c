// Makes the functions of Lua's libraries that return values from outside, the clock and random numbers, pass the door.
#include "engine/door.h"

#include "engine/lua_helpers.h"
#include "engine/record_inner.h"

#include <lualib.h>

// math.random: checks the arguments with the library's own error messages.
static int l_random(lua_State *L) {
  int count = lua_gettop(L);
  lua_Integer low = 1, high = 1;
  if (count == 1) high = luaL_checkinteger(L, 1);
  if (count == 2) low = luaL_checkinteger(L, 1), high = luaL_checkinteger(L, 2);
  if (count > 2) raise(L, "wrong number of arguments");
  if (!(count == 1 && high == 0))
    luaL_argcheck(L, low <= high, count ? count : 1, "interval is empty");
  return door_tell(L);
}

// print: silent in a replay, since the lines have been printed before.
static int l_print(lua_State *L) {
  if (door_is_replaying(L)) return 0;
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, 0);
  return 0;
}

static void wrap(lua_State *L, const char *library, const char *field, const char *name,
                 lua_CFunction front) {
  lua_getglobal(L, library);
  lua_getfield(L, -1, field);
  door_wrap(L, name, front);
  lua_setfield(L, -2, field);
  lua_pop(L, 1);
}

void door_open(lua_State *L) {
  wrap(L, LUA_OSLIBNAME, "time", "os.time", door_tell);
  wrap(L, LUA_OSLIBNAME, "date", "os.date", door_tell);
  wrap(L, LUA_OSLIBNAME, "clock", "os.clock", door_tell);
  wrap(L, LUA_MATHLIBNAME, "random", "math.random", l_random);
  lua_getglobal(L, "print");
  lua_pushcclosure(L, l_print, 1);
  lua_setglobal(L, "print");
}
