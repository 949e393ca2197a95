// What C gives to Lua.
#ifndef WEMOON_HOST_HOST_H
#define WEMOON_HOST_HOST_H

typedef struct lua_State lua_State;

// Pushes the table `host`, one field a library, that lua/wechat/*.lua builds `wechat` from; scripts never see
// it. For InterpreterOptions.open_host.
int host_open(lua_State *L);

#endif
