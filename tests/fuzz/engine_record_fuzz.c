// A record of any bytes, as a store that others write to may give it: it is refused, or a script that is run from it
// ends, as different at worst, and a record that was loaded is saved as it was.
//
// The input: 'r' and the record, or 'e' and changes of one that is right: two bytes where, one byte what.
#include <lauxlib.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/door.h"
#include "engine/engine_inner.h"
#include "engine/record_inner.h"
#include "engine/task.h"
#include "engine/pack.h"
#include "engine/run.h"

#include "../unit/spawn.h"

static const char SCRIPT[] = "local n = act('one', { 1, 2.5, a = true, 'x' })\n"
                             "local ok, err = pcall(fail)\n"
                             "local r = once(function(a) return a, { b = 'c' } end, 7)\n"
                             "pcall(once, function() error('no') end)\n"
                             "local t, m = os.time(), math.random(10)\n"
                             "spawn(function(x) act(x) echo(x) end, 'child')\n"
                             "local a, b = echo('s', { { 'deep' } })\n"
                             "save()\n"
                             "act('under way')\n"
                             "return tostring(n) .. tostring(r)";

typedef struct {
  Buf saved;
  Record *record;  // to run from; NULL: a new one
} World;

static World *world_of(lua_State *L) { return engine_of(L)->options.user; }

static void must(bool holds) {
  if (!holds) abort();
}

static int l_act(lua_State *L) {
  lua_pushinteger(L, 42);
  return 1;
}

static int l_echo(lua_State *L) { return lua_gettop(L); }
static int l_fail(lua_State *L) { return luaL_error(L, "misused"); }

static int l_save(lua_State *L) {
  World *world = world_of(L);
  if (!world->record) record_save(task_record(task_running(L)), &world->saved);
  return 0;
}

static const DoorFunction functions[] = {
  { "test.act", "act", l_act, DOOR_ACTS, NULL },
  { "wechat.once", "once", NULL, DOOR_ACTS, NULL },
  { "test.echo", "echo", l_echo, DOOR_READS, NULL },
  { "test.fail", "fail", l_fail, DOOR_READS, NULL },
  { NULL, NULL, NULL, DOOR_READS, NULL },
};

static int open_test(lua_State *L) {
  static const luaL_Reg plain[] = { { "save", l_save }, { "spawn", l_spawn }, { NULL, NULL } };
  door_open(L);
  lua_pushglobaltable(L);
  door_set_all(L, functions, 0);
  luaL_setfuncs(L, plain, 0);
  return 0;
}

static int prepare(lua_State *L, Task *task) {
  World *world = task_data(task);
  if (world->record) task_set_record(task, record_retain(world->record));
  else task_record_later(task);
  if (luaL_loadstring(L, SCRIPT) != LUA_OK) lua_error(L);
  return 0;
}

static const TaskBody BODY = { .prepare = prepare, .results = 1, .doing = "the test" };

static void run_script(World *world) {
  EngineOptions options = {
    .library = "test", .open = open_test, .user = world, .memory_max = 64 << 20
  };
  Err err = { 0 };
  Engine *engine = engine_new(&options, &err);
  Run *run = run_new();
  must(engine && run);
  run_wait(run, engine, &BODY, world, RUN_UNLIMITED, &err);
  run_free(run);
  engine_release(engine);
}

// The record of a run that nothing happened to.
static Str right_record(void) {
  static World world;
  if (world.saved.len == 0) {
    buf_init(&world.saved);
    run_script(&world);
    must(world.saved.len > 0);
  }
  return buf_str(&world.saved);
}

static void change(Buf *record, const uint8_t *data, size_t size) {
  for (; size >= 3; data += 3, size -= 3) {
    size_t at = ((size_t)data[0] | (size_t)data[1] << 8) % record->len;
    record->ptr[at] = (char)data[2];
  }
}

static void check_values(lua_State *L, Str bytes) {
  int count = pack_push(L, bytes);
  Buf again;
  buf_init(&again);
  if (count >= 0) must(pack_values(L, 1, count, &again) || again.failed);
  buf_clear(&again);
  lua_settop(L, 0);
}

static void check_record(Str bytes) {
  Err err = { 0 };
  World world = { .record = record_load(bytes, &err) };
  buf_init(&world.saved);
  if (!world.record) {
    must(err.code == ERR_INVALID);
    return;
  }
  must(record_save(world.record, &world.saved));
  must(world.saved.len <= bytes.len);
  run_script(&world);
  record_answer(world.record, (Str[]){ STR("yes"), { 0 } }, 2);
  record_free(world.record);
  buf_clear(&world.saved);
}

static int check_values_protected(lua_State *L) {
  Str bytes = *(Str *)lua_touserdata(L, 1);
  lua_settop(L, 0);
  check_values(L, bytes);
  return 0;
}

static void check_packed(Str bytes) {
  Err err = { 0 };
  Engine *engine = engine_new(&(EngineOptions){ .library = "test", .memory_max = 16 << 20 }, &err);
  must(engine && engine_enter(engine, INT64_MAX));
  lua_State *L = engine_main(engine);
  lua_pushcfunction(L, check_values_protected);
  lua_pushlightuserdata(L, &bytes);
  lua_pcall(L, 1, 0, 0);
  engine_leave(engine);
  engine_release(engine);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0) return 0;
  Str rest = str_make((const char *)data + 1, size - 1);
  if (data[0] == 'r') {
    check_record(rest);
    return 0;
  }
  if (data[0] == 'p') {
    check_packed(rest);
    return 0;
  }
  Buf record;
  buf_init(&record);
  buf_add(&record, right_record());
  change(&record, data + 1, size - 1);
  check_record(buf_str(&record));
  buf_clear(&record);
  return 0;
}
