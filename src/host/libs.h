// The libraries in `host`, one for each lib_*.c. Each function pushes its library as one table.
#ifndef WEMOON_HOST_LIBS_H
#define WEMOON_HOST_LIBS_H

#include <lua.h>

int lib_api(lua_State *L);
int lib_callback(lua_State *L);
int lib_capture(lua_State *L);
int lib_codec(lua_State *L);
int lib_config(lua_State *L);
int lib_conversation(lua_State *L);
int lib_feed(lua_State *L);
int lib_file(lua_State *L);
int lib_http(lua_State *L);
int lib_json(lua_State *L);
int lib_kept(lua_State *L);
int lib_log(lua_State *L);
int lib_message(lua_State *L);
int lib_reply(lua_State *L);
int lib_route(lua_State *L);
int lib_session(lua_State *L);
int lib_stdlib(lua_State *L);
int lib_store(lua_State *L);
int lib_stream(lua_State *L);
int lib_time(lua_State *L);

#endif
