// host.route: pages of the bot's own.
//   add(method, path, fn): script/page_value.h
//   stream(): a stream, for an answer that goes on (script/stream_value.h)
//   at(place): the running slice is at that "file:line", as long as nothing better is known
#include "host/libs.h"

#include "engine/engine.h"
#include "engine/luaish.h"
#include "script/page_value.h"
#include "script/stream_value.h"

static int l_at(lua_State *L) {
  engine_set_place(engine_of(L), luaL_checkstring(L, 1));
  return 0;
}

static const luaL_Reg functions[] = {
  { "add", page_value_add },
  { "at", l_at },
  { "stream", stream_value_new },
  { NULL, NULL },
};

int lib_route(lua_State *L) {
  luaL_newlib(L, functions);
  return 1;
}
