// The libraries in C that the Lua part of wemoon uses.
#ifndef WEMOON_HOST_HOST_H
#define WEMOON_HOST_HOST_H

typedef struct lua_State lua_State;

// Pushes the table `host`, with one field for each library. lua/wechat/*.lua builds `wechat` from it; scripts never see
// `host`. For InterpreterOptions.open_host.
int host_open(lua_State *L);

#endif
