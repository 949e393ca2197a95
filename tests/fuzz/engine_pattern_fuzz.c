// Any pattern on any subject: string.find, match, gmatch and gsub give what Lua's own give, faults and their
// words included.
//
// The input: the lengths of pattern and replacement, where to begin, then pattern, replacement and subject.
#include <lauxlib.h>
#include <lualib.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/engine.h"
#include "engine/libs.h"
#include "engine/pattern.h"

static const char COMPARE[] =
    "local own, ours, subject, pattern, replacement, init = ...\n"
    "local function show(list)\n"
    "  local out = {}\n"
    "  for i = 1, list.n do out[i] = string.format('%q', list[i]) end\n"
    "  return table.concat(out, ' ')\n"
    "end\n"
    "local function compare(what, f)\n"
    "  local a = show(table.pack(pcall(f, own)))\n"
    "  local b = show(table.pack(pcall(f, ours)))\n"
    "  if a ~= b then error(what .. ': ' .. a .. ' is right, not ' .. b, 0) end\n"
    "end\n"
    "local function all(library)\n"
    "  local list, n = { n = 0 }, 0\n"
    "  for a, b, c in library.gmatch(subject, pattern, init) do\n"
    "    list[n + 1], list[n + 2], list[n + 3], n = a, b or false, c or false, n + 3\n"
    "  end\n"
    "  list.n = n\n"
    "  return show(list)\n"
    "end\n"
    "local function join(...) return select('#', ...) .. ':' .. tostring((...)) end\n"
    "local function some(a) return #tostring(a) % 2 == 0 and a end\n"
    "local known = { [''] = '-', a = 'A', [1] = 'one' }\n"
    "compare('find', function(s) return s.find(subject, pattern, init) end)\n"
    "compare('plain', function(s) return s.find(subject, pattern, init, true) end)\n"
    "compare('match', function(s) return s.match(subject, pattern, init) end)\n"
    "compare('gmatch', all)\n"
    "compare('gsub', function(s) return s.gsub(subject, pattern, replacement) end)\n"
    "compare('gsub n', function(s) return s.gsub(subject, pattern, replacement, init) end)\n"
    "compare('gsub f', function(s) return s.gsub(subject, pattern, join) end)\n"
    "compare('gsub g', function(s) return s.gsub(subject, pattern, some) end)\n"
    "compare('gsub t', function(s) return s.gsub(subject, pattern, known) end)\n";

static lua_State *open_state(void) {
  static EngineLink none;
  lua_State *L = luaL_newstate();
  *(EngineLink **)lua_getextraspace(L) = &none;
  luaL_openlibs(L);
  if (luaL_loadstring(L, COMPARE) != LUA_OK) abort();
  lua_newtable(L);
  lua_getglobal(L, LUA_STRLIBNAME);
  for (lua_pushnil(L); lua_next(L, -2);) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, -5);
  }
  string_lib_open(L);
  return L;
}

static bool within_bounds(void *left) { return --*(int *)left > 0; }

// Whether every search takes so few steps that Lua's own matcher may be asked, which nothing stops.
static bool is_quick(Str subject, Str pattern) {
  int left = 3;
  Pattern m;
  for (size_t plain = 0; plain < 2; plain++) {
    pattern_init(&m, pattern.ptr, pattern.len, plain == 0, within_bounds, &left);
    pattern_set_subject(&m, subject.ptr, subject.len);
    for (size_t from = 0; from <= subject.len; from++) {
      if (pattern_search(&m, subject.ptr + from, NULL) == PATTERN_STOPPED) return false;
    }
  }
  return true;
}

static void push(lua_State *L, Str text) { lua_pushlstring(L, text.ptr, text.len); }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static lua_State *L;
  if (!L) L = open_state();
  if (size < 3) return 0;
  Str rest = str_make((const char *)data + 3, size - 3);
  Str pattern = str_sub(rest, 0, data[0]);
  rest = str_sub(rest, pattern.len, rest.len);
  Str replacement = str_sub(rest, 0, data[1]);
  Str subject = str_sub(rest, replacement.len, rest.len);
  if (!is_quick(subject, pattern)) return 0;
  for (int i = 1; i <= 3; i++) lua_pushvalue(L, i);
  push(L, subject);
  push(L, pattern);
  push(L, replacement);
  lua_pushinteger(L, (int8_t)data[2]);
  if (lua_pcall(L, 6, 0, 0) != LUA_OK) {
    fprintf(stderr, "%s\n", lua_tostring(L, -1));
    abort();
  }
  return 0;
}
