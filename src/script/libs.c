// The list of what C gives to Lua.
#include "script/libs.h"

#include <lauxlib.h>

static const luaL_Reg libs[] = { { "api", lib_api },           { "args", lib_args },
                                 { "codec", lib_codec },       { "config", lib_config },
                                 { "callback", lib_callback }, { "feed", lib_feed },
                                 { "file", lib_file },         { "http", lib_http },
                                 { "json", lib_json },         { "log", lib_log },
                                 { "message", lib_message },   { "reply", lib_reply },
                                 { "route", lib_route },       { "session", lib_session },
                                 { "store", lib_store },       { "conversation", lib_conversation },
                                 { "time", lib_time },         { NULL, NULL } };

int libs_open(lua_State *L) {
  lua_createtable(L, 0, sizeof libs / sizeof libs[0]);
  for (const luaL_Reg *lib = libs; lib->name; lib++) {
    lua_pushcfunction(L, lib->func);
    lua_call(L, 0, 1);
    lua_setfield(L, -2, lib->name);
  }
  return 1;
}
