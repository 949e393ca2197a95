// The world of world.h for tests of script/. No file of lua/wechat runs: `wechat` has the functions of script/ and of
// the test.
#ifndef WEMOON_TESTS_SCRIPT_WORLD_H
#define WEMOON_TESTS_SCRIPT_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "engine/door.h"
#include "engine/wait.h"
#include "script/ask.h"
#include "script/context.h"
#include "script/every.h"
#include "script/late.h"
#include "script/message_value.h"
#include "script/page_value.h"
#include "script/say.h"
#include "script/stream_value.h"

#include <lualib.h>

// Further functions of `wechat`, for interpreters created from now on; NULL: none.
static const luaL_Reg *world_functions;
static const DoorFunction *world_doors;

static int l_world_sleep(lua_State *L) {
  return wait_until(L, "sleep", clock_now_us() + (int64_t)(luaL_checknumber(L, 1) * 1e6));
}

// every(seconds, fn)
static int l_world_every(lua_State *L) {
  return every_new(L, (int64_t)(luaL_checknumber(L, 1) * 1e6), NULL, 0);
}

static int l_world_on_late(lua_State *L) {
  lua_settop(L, 1);
  late_register(L);
  return 0;
}

// Every module of lua/wechat is empty, except the first, which copies the host.
static const char world_modules[] =
    "local function nothing() end\n"
    "local modules = {\n"
    "  ['wechat.misread'] = { watch = nothing },\n"
    "  ['wechat.config'] = function(wechat, host) for k, v in pairs(host) do wechat[k] = v end "
    "end\n"
    "}\n"
    "setmetatable(package.preload, { __index = function(_, name)\n"
    "  local module = modules[name] or nothing\n"
    "  return name:find '^wechat%.' and function() return module end or nil\n"
    "end })";

static int world_open_host(lua_State *L) {
  static const luaL_Reg functions[] = { { "say", say_part },
                                        { "deliver", say_deliver },
                                        { "saying", say_state },
                                        { "taken", say_taken },
                                        { "every", l_world_every },
                                        { "on_late", l_world_on_late },
                                        { "turn", say_turn },
                                        { "route", page_value_add },
                                        { "sleep", l_world_sleep },
                                        { "stream", stream_value_new },
                                        { NULL, NULL } };
  message_value_open(L);
  every_open(L);
  if (luaL_dostring(L, world_modules) != LUA_OK) lua_error(L);
  luaL_newlib(L, functions);
  if (world_functions) luaL_setfuncs(L, world_functions, 0);
  if (world_doors) door_set_all(L, world_doors, 0);
  ask_push(L);
  lua_setfield(L, -2, "ask");
  lua_newtable(L);
  lua_getglobal(L, "next");
  lua_setfield(L, -2, "next");
  lua_setfield(L, -2, "message");
  return 1;
}

#define WORLD_HOST world_open_host
#include "world.h"

#endif
