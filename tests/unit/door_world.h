// What the tests of the door share: an engine whose functions pass it, code that is run in it with a record, and what
// came of it.
#ifndef WEMOON_TESTS_UNIT_DOOR_WORLD_H
#define WEMOON_TESTS_UNIT_DOOR_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/door.h"
#include "engine/lua_helpers.h"
#include "engine/record.h"
#include "engine/run.h"
#include "engine/wait.h"
#include "spawn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// What the functions below have done, and the record as `save` found it.
static struct {
  char done[4096];
  int number, failures;  // failures: of tasks that another task started
  Buf saved;
  Record *record;  // that the next run begins with; NULL: a new one
  TaskState state;
  char difference[400], given_up[200], result[1024];
} world;

static void note(const char *text) {
  strncat(world.done, text, sizeof world.done - strlen(world.done) - 2);
  strcat(world.done, " ");
}

static int l_act(lua_State *L) {
  note(luaL_checkstring(L, 1));
  lua_pushinteger(L, ++world.number);
  return 1;
}

static int l_echo(lua_State *L) {
  note("echo");
  return lua_gettop(L);
}

static int l_fail(lua_State *L) { return luaL_error(L, "misused"); }

static int l_nap(lua_State *L) {
  note("nap");
  return wait_until(L, "nap", clock_now_us() + (int64_t)(luaL_checknumber(L, 1) * 1e6));
}

static int finish_slow(lua_State *L, int status, lua_KContext context) {
  lua_pushinteger(L, ++world.number);
  return 1;
}

// Acts, and says what it did only after a while.
static int l_slow_k(lua_State *L, int status, lua_KContext context) { return finish_slow(L, 0, 0); }

static int l_slow(lua_State *L) {
  note(luaL_checkstring(L, 1));
  lua_pushcfunction(L, l_nap);
  lua_pushnumber(L, 0.02);
  lua_callk(L, 1, 0, 0, l_slow_k);
  return finish_slow(L, 0, 0);
}

static int l_save(lua_State *L) {
  buf_reset(&world.saved);
  lua_pushboolean(L, record_save(task_record(task_running(L)), &world.saved));
  return 1;
}

// Saves the record, and ends the test there.
static int l_ask(lua_State *L) {
  l_save(L);
  snprintf(world.result, sizeof world.result, "saved");
  return luaL_error(L, "the process ends");
}

static int l_tell(lua_State *L) {
  if (!door_repeats(L)) note(luaL_checkstring(L, 1));
  return 0;
}

static const DoorFunction functions[] = {
  { "test.act", "act", l_act, DOOR_ACTS, NULL },
  { "test.echo", "echo", l_echo, DOOR_READS, NULL },
  { "test.fail", "fail", l_fail, DOOR_READS, NULL },
  { "test.nap", "nap", l_nap, DOOR_READS, NULL },
  { "test.slow", "slow", l_slow, DOOR_ACTS, NULL },
  { "test.once", "once", NULL, DOOR_ACTS, NULL },
  { "test.ask", "ask", l_ask, DOOR_ASKS, NULL },
  { NULL, NULL, NULL, DOOR_READS, NULL },
};

static int open_test(lua_State *L) {
  door_open(L);
  lua_pushglobaltable(L);
  door_set_all(L, functions, 0);
  lua_pushcfunction(L, l_save);
  lua_setfield(L, -2, "save");
  lua_pushcfunction(L, l_tell);
  lua_setfield(L, -2, "tell");
  lua_pushcfunction(L, l_spawn);
  lua_setfield(L, -2, "spawn");
  return 0;
}

static int prepare(lua_State *L, Task *task) {
  if (world.record) task_set_record(task, world.record);
  else task_record_later(task);
  if (luaL_loadstring(L, task_data(task)) != LUA_OK) lua_error(L);
  return 0;
}

static void finish(lua_State *L, Task *task) {
  snprintf(world.result, sizeof world.result, "%s", luaL_tolstring(L, 1, NULL));
}

static void ended(Task *task) {
  Record *record = task_record(task);
  world.state = task_state(task);
  snprintf(world.difference, sizeof world.difference, "%s",
           record ? record_difference(record) : "");
  snprintf(world.given_up, sizeof world.given_up, "%s", record ? record_given_up(record) : "");
}

static const TaskBody BODY = {
  .prepare = prepare, .finish = finish, .ended = ended, .results = 1, .doing = "the test"
};

static void count_failure(void *user) { world.failures++; }

// Runs code in a fresh engine.
static void run_code(const char *code, Record *record) {
  EngineOptions options = {
    .library = "test", .open = open_test, .memory_max = 64 << 20, .failed = count_failure
  };
  Err err = { 0 };
  Engine *engine = engine_new(&options, &err);
  assert_non_null(engine);
  world.record = record;
  world.done[0] = world.result[0] = '\0';
  world.failures = 0;
  Run *run = run_new();
  run_wait(run, engine, &BODY,
           arena_dup(run_arena(run), str_make(code, strlen(code) + 1)).ptr ? (void *)code : NULL,
           RUN_UNLIMITED, &err);
  run_free(run);
  engine_release(engine);
}

static inline void run_new_record(const char *code) {
  world.number = 0;
  run_code(code, NULL);
  if (world.state != TASK_RETURNED) printf("state %s\n", task_state_name(world.state));
}

static inline Record *loaded(void) {
  Err err = { 0 };
  Record *record = record_load(buf_str(&world.saved), &err);
  if (!record) fail_msg("%s", err.text);
  return record;
}

static inline void run_again(const char *code) { run_code(code, loaded()); }

static inline void assert_result(const char *wanted) { assert_string_equal(world.result, wanted); }
static inline void assert_done(const char *wanted) { assert_string_equal(world.done, wanted); }

static int setup(void **state) {
  memset(&world, 0, sizeof world);
  buf_init(&world.saved);
  return 0;
}

static int teardown(void **state) {
  buf_clear(&world.saved);
  return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
