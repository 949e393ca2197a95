// Replaces pairs. Lua seeds the hash function of each state at random, so the order of a table's string keys differs
// from run to run. A task that is replayed from its record must see the same order. So tables of up to KEYS_MAX keys
// are traversed in a fixed order, at the cost of one more traversal; larger tables are left to Lua.
#include "engine/libs.h"

#include <lauxlib.h>

#include "engine/stdlib.h"

#include <lualib.h>
#include <stdlib.h>

enum { KEYS_MAX = 256 };

typedef struct {
  int rank;  // 0: number, 1: boolean, 2: string, 3: any other type, in Lua's order
  lua_Number number;
  Str text;
  int at;  // position in Lua's order, from 1
} Key;

typedef struct {
  int count, strings;
  Key keys[KEYS_MAX];
} Keys;

static Key key_at(lua_State *L, int index, int at) {
  Key key = { .at = at };
  switch (lua_type(L, index)) {
    case LUA_TNUMBER: key.number = lua_tonumber(L, index); break;
    case LUA_TBOOLEAN:
      key.rank = 1;
      key.number = lua_toboolean(L, index);
      break;
    case LUA_TSTRING:
      key.rank = 2;
      key.text.ptr = lua_tolstring(L, index, &key.text.len);
      break;
    default: key.rank = 3;
  }
  return key;
}

// Returns the number of keys of the table at index 1, and in *strings how many are strings. Stops after KEYS_MAX + 1.
static int count_keys(lua_State *L, int *strings) {
  int count = 0;
  *strings = 0;
  for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
    if (++count > KEYS_MAX) {
      lua_pop(L, 2);
      break;
    }
    *strings += lua_type(L, -2) == LUA_TSTRING;
  }
  return count;
}

static int compare(const void *a, const void *b) {
  const Key *one = a, *other = b;
  if (one->rank != other->rank) return one->rank - other->rank;
  if (one->rank == 2) return str_compare(one->text, other->text);
  if (one->number != other->number) return one->number < other->number ? -1 : 1;
  return one->at - other->at;
}

// Pushes a list of the keys in Lua's order, which keeps their texts alive, and fills `keys`, sorted.
static void list_keys(lua_State *L, int count, Keys *keys) {
  lua_createtable(L, count, 0);
  keys->count = 0;
  for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
    keys->keys[keys->count] = key_at(L, -2, keys->count + 1);
    lua_pushvalue(L, -2);
    lua_rawseti(L, -4, ++keys->count);
  }
  qsort(keys->keys, (size_t)keys->count, sizeof *keys->keys, compare);
}

// The iterator. Upvalues: the list of sorted keys, the position in it. Keys removed meanwhile are skipped.
static int l_step(lua_State *L) {
  lua_Integer at = lua_tointeger(L, lua_upvalueindex(2));
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  for (;;) {
    if (lua_rawgeti(L, lua_upvalueindex(1), ++at) == LUA_TNIL) break;
    lua_pushvalue(L, -1);
    if (lua_rawget(L, 1) != LUA_TNIL) break;
    lua_settop(L, 1);
  }
  lua_pushinteger(L, at);
  lua_replace(L, lua_upvalueindex(2));
  return lua_gettop(L) - 1;
}

static void push_step(lua_State *L, int count) {
  Keys keys;
  list_keys(L, count, &keys);
  lua_createtable(L, keys.count, 0);
  for (int i = 0; i < keys.count; i++) {
    lua_rawgeti(L, -1 - 1, keys.keys[i].at);
    lua_rawseti(L, -2, i + 1);
  }
  lua_pushinteger(L, 0);
  lua_pushcclosure(L, l_step, 2);
}

static int l_next(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 2);
  if (lua_next(L, 1)) return 2;
  lua_pushnil(L);
  return 1;
}

static int finish_pairs(lua_State *L, int status, lua_KContext context) { return 3; }

static int l_pairs(lua_State *L) {
  int strings;
  luaL_checkany(L, 1);
  if (luaL_getmetafield(L, 1, "__pairs") != LUA_TNIL) {
    lua_pushvalue(L, 1);
    lua_callk(L, 1, 3, 0, finish_pairs);
    return 3;
  }
  lua_settop(L, 1);
  int count = lua_istable(L, 1) ? count_keys(L, &strings) : 0;
  bool as_it_is = count <= 1 || count > KEYS_MAX || strings == 0;
  if (as_it_is) lua_pushcfunction(L, l_next);
  else push_step(L, count);
  lua_pushvalue(L, 1);
  lua_pushnil(L);
  return 3;
}

void stdlib_push_pairs(lua_State *L) { lua_pushcfunction(L, l_pairs); }

void pairs_lib_open(lua_State *L) {
  stdlib_push_pairs(L);
  lua_setglobal(L, "pairs");
}
