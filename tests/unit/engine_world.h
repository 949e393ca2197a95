// What the tests of engine/ share: an engine with nothing above it, entered by the test's thread.
#ifndef WEMOON_TESTS_ENGINE_WORLD_H
#define WEMOON_TESTS_ENGINE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <lauxlib.h>
#include <string.h>

#include "engine/engine.h"

static Engine *engine;
static lua_State *L;

static inline void open_engine(const EngineOptions *options) {
  Err err = { 0 };
  engine = engine_new(options, &err);
  if (!engine) fail_msg("%s", err.text);
  assert_true(engine_enter(engine, INT64_MAX));
  L = engine_main(engine);
}

static inline int begin(void **state) {
  open_engine(&(EngineOptions){ .library = "lib" });
  return 0;
}

static inline int end(void **state) {
  engine_leave(engine);
  engine_release(engine);
  return 0;
}

// Runs Lua; what it returns is left on the stack. An error fails the test.
static inline void run_lua(const char *code) {
  lua_settop(L, 0);
  if (luaL_dostring(L, code) != LUA_OK) fail_msg("%s", lua_tostring(L, -1));
}

// Runs Lua that must raise, with `words` in the message.
static inline void assert_raises(const char *code, const char *words) {
  lua_settop(L, 0);
  if (luaL_dostring(L, code) == LUA_OK) fail_msg("does not raise: %s", code);
  const char *text = luaL_tolstring(L, -1, NULL);
  if (!strstr(text, words)) fail_msg("raises '%s', without '%s'", text, words);
  lua_settop(L, 0);
}

#endif
