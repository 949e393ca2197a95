// host.route: the bot's own pages.
//   add(method, path, fn): script/page_value.h
//   stream() -> a stream, for a response that is sent in parts (script/stream_value.h)
//   at(place): sets the running slice's place, "file:line" (engine_set_place)
#include "host/libs.h"

#include "engine/engine.h"
#include "engine/lua_helpers.h"
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
