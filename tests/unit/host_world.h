// The world of world.h with the real host. Scripts see `wechat`; with HOST_IS_GLOBAL they see `host` too.
#ifndef WEMOON_TESTS_HOST_WORLD_H
#define WEMOON_TESTS_HOST_WORLD_H

#include "host/host.h"

#ifdef HOST_IS_GLOBAL
#include <lua.h>

static int world_open_host(lua_State *L) {
  host_open(L);
  lua_pushvalue(L, -1);
  lua_setglobal(L, "host");
  return 1;
}

#define WORLD_HOST world_open_host
#else
#define WORLD_HOST host_open
#endif
#include "world.h"

#endif
