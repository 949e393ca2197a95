// Shared by the tests of engine/: an engine without the layers above it, entered by the test's thread.
#ifndef WEMOON_TESTS_ENGINE_WORLD_H
#define WEMOON_TESTS_ENGINE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <lauxlib.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "engine/run.h"
#include "engine/wait.h"

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
  open_engine(&(EngineOptions){ .library = "lib", .cpu_us_max = 200000 });
  return 0;
}

static inline int end(void **state) {
  if (engine_main(engine) == L) engine_leave(engine);
  engine_release(engine);
  return 0;
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

// Runs Lua code; its results are left on the stack. An error fails the test.
static inline void run_lua(const char *code) {
  lua_settop(L, 0);
  if (luaL_loadbuffer(L, code, strlen(code), "=code") != LUA_OK ||
      lua_pcall(L, 0, LUA_MULTRET, 0) != LUA_OK)
    fail_msg("%s", luaL_tolstring(L, -1, NULL));
}

// Asserts that each of the Lua expressions, separated by commas, is true.
static inline void assert_true_in_lua(const char *expressions) {
  char code[4096];
  snprintf(code, sizeof code, "return %s", expressions);
  run_lua(code);
  assert_true(lua_gettop(L) > 0);
  for (int i = 1; i <= lua_gettop(L); i++) {
    if (lua_type(L, i) != LUA_TBOOLEAN || !lua_toboolean(L, i))
      fail_msg("expression %d of '%s' is %s", i, expressions, luaL_tolstring(L, i, NULL));
  }
  lua_settop(L, 0);
}

// Asserts that the Lua code raises an error that contains `words`.
static inline void assert_raises(const char *code, const char *words) {
  lua_settop(L, 0);
  int status = luaL_loadbuffer(L, code, strlen(code), "=code");
  if (status == LUA_OK) status = lua_pcall(L, 0, 0, 0);
  if (status == LUA_OK) fail_msg("does not raise: %s", code);
  const char *text = luaL_tolstring(L, -1, NULL);
  if (!strstr(text, words)) fail_msg("raises '%s', without '%s'", text, words);
  lua_settop(L, 0);
}

// ---- tasks --------------------------------------------------------------------------------------

static char result[512];
// A stuck run that was left behind may write later.
static pthread_mutex_t result_lock = PTHREAD_MUTEX_INITIALIZER;

static inline int prepare_code(lua_State *co, Task *task) {
  const char *code = task_data(task);
  if (luaL_loadbuffer(co, code, strlen(code), "=code") != LUA_OK) lua_error(co);
  return 0;
}

static inline void keep_result(lua_State *co, Task *task) {
  const char *text = luaL_tolstring(co, 1, NULL);
  pthread_mutex_lock(&result_lock);
  snprintf(result, sizeof result, "%s", text);
  pthread_mutex_unlock(&result_lock);
}

// Runs Lua code in a task on the engine's own thread; its first result is written to `result`.
static inline bool run_in_task(const char *code, Err *err) {
  static const TaskBody body = {
    .prepare = prepare_code, .finish = keep_result, .results = 1, .doing = "code"
  };
  pthread_mutex_lock(&result_lock);
  result[0] = '\0';
  pthread_mutex_unlock(&result_lock);
  engine_leave(engine);
  Run *run = run_new();
  bool ok =
      run_wait(run, engine, &body,
               arena_dup(run_arena(run), str_of(code)).ptr ? (void *)code : NULL, RUN_LIMITED, err);
  run_free(run);
  if (!engine_is_given_up(engine)) assert_true(engine_enter(engine, INT64_MAX));
  else L = NULL;
  return ok;
}

static inline void assert_task_gives(const char *code, const char *wanted) {
  Err err = { 0 };
  if (!run_in_task(code, &err)) fail_msg("%s", err.text);
  assert_string_equal(result, wanted);
}

static inline void assert_task_fails(const char *code, const char *words) {
  Err err = { 0 };
  assert_false(run_in_task(code, &err));
  if (!strstr(err.text, words)) fail_msg("fails with '%s', without '%s'", err.text, words);
}

// The Lua function sleep(ms), for code in a task.
static inline int l_sleep(lua_State *co) {
  return wait_until(co, "sleep", clock_now_us() + luaL_checkinteger(co, 1) * 1000);
}

#endif
