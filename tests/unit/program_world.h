// The world of script_world.h with a host for the embedded program new/luarc.lua.
#ifndef WEMOON_TESTS_PROGRAM_WORLD_H
#define WEMOON_TESTS_PROGRAM_WORLD_H

#include "script_world.h"

static const char *program_world_encode;
static Buf out;

// Adds `json.encode`, and a module meta.generate without annotations.
static int program_world_host(lua_State *L) {
  world_open_host(L);
  lua_newtable(L);
  if (luaL_dostring(L, "package.preload['meta.generate'] = function()\n"
                       "  return { files = function() return {} end }\n"
                       "end") != LUA_OK ||
      luaL_dostring(L, program_world_encode) != LUA_OK)
    lua_error(L);
  lua_setfield(L, -2, "encode");
  lua_setfield(L, -2, "json");
  return 1;
}

// `encode` is Lua code that returns the function `json.encode`.
static int program_world_open(void **state, const char *encode) {
  buf_init(&out);
  world_open(state);
  program_world_encode = encode;
  world.options.open_host = program_world_host;
  return 0;
}

static int program_world_close(void **state) {
  buf_clear(&out);
  return world_close(state);
}

#endif
