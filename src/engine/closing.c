// Closes the <close> variables of a coroutine that will not be resumed.
#include "engine/failure.h"

#include <lauxlib.h>

#include "engine/engine_inner.h"

#include "base/log.h"

static void log_close_error(Engine *engine, lua_State *co) {
  Failure failure;
  if (engine->slice.end == SLICE_GOES_ON) {
    const char *text = lua_type(co, -1) == LUA_TSTRING ? lua_tostring(co, -1) : NULL;
    log_error("a __close method failed: %s", text ? text : luaL_typename(co, -1));
    return;
  }
  failure_init(&failure);
  failure_describe(engine, co, &failure);
  failure_log(&failure, "a __close method");
  failure_clear(&failure);
}

void close_coroutine(Engine *engine, lua_State *co) {
  lua_State *L = engine->L;
  if (co == engine->deaf) {
    engine->deaf = NULL;
    log_error("a coroutine was stopped in a place where its <close> variables cannot be closed");
    return;
  }
  bool dead = lua_status(co) > LUA_YIELD;
  if (dead) lua_xmove(co, L, 1);
  else lua_pushnil(L);
  if (dead) {
    lua_pushvalue(L, -1);
    lua_xmove(L, co, 1);
  }
  bool failed = lua_resetthread(co) != LUA_OK;
  if (failed) {
    lua_pushvalue(co, -1);
    lua_xmove(co, L, 1);
    bool same = dead && lua_rawequal(L, -1, -2);
    lua_pop(L, 1);
    if (!same || engine->slice.end != SLICE_GOES_ON) log_close_error(engine, co);
  }
  lua_pop(L, 1);
}
