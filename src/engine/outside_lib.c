// Makes the functions of Lua's libraries that return values from outside, the clock and random numbers, pass the door.
#include "engine/door.h"

#include "engine/engine_inner.h"
#include "engine/lua_helpers.h"
#include "engine/record_inner.h"
#include "engine/task_inner.h"

#include <lualib.h>
#include <string.h>

static const char RANDOM[] = "math.random", SEED[] = "math.randomseed";

// ---- random numbers -----------------------------------------------------------------------------
// A task that is recorded and seeds the generator has one of its own from then on, which the record's other tasks
// share: a replay seeds it again and draws each recorded number once more, so that it goes on where it stood, whatever
// other tasks have drawn meanwhile.

// Whether the task uses the generator of its record, if it has one. What happens inside of `once` is not replayed.
static bool has_chance(const Task *task) { return task && task->records && !task->once; }

// Exchanges the states of the record's generator and the library's. The states are the same number of bytes.
static void swap_chance(lua_State *L, Chance *chance) {
  Chance other = *chance;
  void *library = lua_touserdata(L, lua_upvalueindex(2));
  memcpy(chance->bytes, library, chance->len);
  memcpy(library, other.bytes, other.len);
}

// Calls the library's function, which is upvalue 1 and whose arguments are the whole stack. Returns the number of
// results.
static int call_library(lua_State *L) {
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
  return lua_gettop(L);
}

// Draws a number. The arguments have been checked: the library's function raises only if C's stack is full.
static int l_draw(lua_State *L) {
  const Task *task = task_running(L);
  Record *record = has_chance(task) ? task_present_record(task) : NULL;
  if (!record || !record->chance.len) return call_library(L);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  swap_chance(L, &record->chance);
  int status = lua_pcall(L, lua_gettop(L) - 1, 1, 0);
  swap_chance(L, &record->chance);
  return status == LUA_OK ? 1 : lua_error(L);
}

// Seeds the record's generator, or the interpreter's. Returns both halves of the seed.
static int l_reseed(lua_State *L) {
  Task *task = task_running(L);
  Record *record = has_chance(task) ? task_record(task) : NULL;
  const void *library = lua_touserdata(L, lua_upvalueindex(2));
  size_t len = library ? lua_rawlen(L, lua_upvalueindex(2)) : 0;
  if (!record || !len || len > CHANCE_MAX) return call_library(L);
  Chance before = { .len = len };
  memcpy(before.bytes, library, len);
  int count = call_library(L);
  record->chance = before;
  swap_chance(L, &record->chance);
  return count;
}

// math.random: checks the arguments with the library's own error messages. A replay draws the recorded number again.
static int l_random(lua_State *L) {
  int count = lua_gettop(L);
  lua_Integer low = 1, high = 1;
  if (count == 1) high = luaL_checkinteger(L, 1);
  if (count == 2) low = luaL_checkinteger(L, 1), high = luaL_checkinteger(L, 2);
  if (count > 2) raise(L, "wrong number of arguments");
  if (!(count == 1 && high == 0))
    luaL_argcheck(L, low <= high, count ? count : 1, "interval is empty");
  if (door_has_next(L, RANDOM)) {
    lua_pushvalue(L, lua_upvalueindex(2));
    for (int i = 1; i <= count; i++) lua_pushvalue(L, i);
    lua_call(L, count, 0);
  }
  return door_tell(L);
}

// Calls upvalue 2, l_reseed, with the values on the stack.
static int reseed(lua_State *L) {
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
  return lua_gettop(L);
}

// math.randomseed: without arguments, the seed comes from outside, and a replay seeds with the recorded one. Records of
// earlier versions do not have it.
static int l_randomseed(lua_State *L) {
  if (lua_gettop(L) > 0) return reseed(L);
  if (!door_has_next(L, SEED)) return door_is_replaying(L) ? reseed(L) : door_tell(L);
  door_tell(L);
  return reseed(L);
}

// Hands the line that print would write to EngineOptions.print.
static int hand_line(lua_State *L, const EngineOptions *options) {
  int count = lua_gettop(L);
  luaL_Buffer line;
  luaL_buffinit(L, &line);
  for (int i = 1; i <= count; i++) {
    if (i > 1) luaL_addchar(&line, '\t');
    luaL_tolstring(L, i, NULL);
    luaL_addvalue(&line);
  }
  luaL_addchar(&line, '\n');
  luaL_pushresult(&line);
  options->print(options->user, lua_str(L, -1));
  return 0;
}

// print: silent in a replay, since the lines have been printed before.
static int l_print(lua_State *L) {
  const EngineOptions *options = &engine_of(L)->options;
  if (door_repeats(L)) return 0;
  if (options->print) return hand_line(L, options);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, 0);
  return 0;
}

static void wrap(lua_State *L, const char *library, const char *field, const char *name,
                 lua_CFunction front) {
  lua_getglobal(L, library);
  lua_getfield(L, -1, field);
  door_wrap(L, name, front);
  lua_setfield(L, -2, field);
  lua_pop(L, 1);
}

// Puts `function` in front of the library's function on top, with the state of the library's generator as upvalue 2.
static void put_before(lua_State *L, lua_CFunction function) {
  if (!lua_getupvalue(L, -1, 1)) lua_pushnil(L);
  lua_pushcclosure(L, function, 2);
}

static void wrap_chance(lua_State *L, const char *field, const char *name, lua_CFunction draw,
                        lua_CFunction front) {
  lua_getglobal(L, LUA_MATHLIBNAME);
  lua_getfield(L, -1, field);
  put_before(L, draw);
  lua_setfield(L, -2, field);
  lua_pop(L, 1);
  wrap(L, LUA_MATHLIBNAME, field, name, front);
}

void door_open(lua_State *L) {
  wrap(L, LUA_OSLIBNAME, "time", "os.time", door_tell);
  wrap(L, LUA_OSLIBNAME, "date", "os.date", door_tell);
  wrap(L, LUA_OSLIBNAME, "clock", "os.clock", door_tell);
  wrap_chance(L, "random", RANDOM, l_draw, l_random);
  wrap_chance(L, "randomseed", SEED, l_reseed, l_randomseed);
  lua_getglobal(L, "print");
  lua_pushcclosure(L, l_print, 1);
  lua_setglobal(L, "print");
}
