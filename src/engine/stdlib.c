// The standard library for scripts, and the checks of globals, which catch misspelt names.
#include "engine/libs.h"

#include "engine/lua_helpers.h"
#include "engine/stdlib.h"

#include "base/clock.h"
#include "base/log.h"

#include <lualib.h>
#include <stdio.h>

#define NEEDS_SHELL "needs allow_shell = true in the configuration"

// What scripts do not have of Lua's libraries.
static const struct {
  const char *library, *name;
  bool with_shell;  // they have it with allow_shell
  const char *why;
} left_out[] = {
  { LUA_OSLIBNAME, "execute", true, "os.execute " NEEDS_SHELL },
  { LUA_IOLIBNAME, "popen", true, "io.popen " NEEDS_SHELL },
  { LUA_OSLIBNAME, "exit", false,
    "there is no os.exit: it would end the whole bot (return ends this message)" },
  { LUA_OSLIBNAME, "setlocale", false,
    "there is no os.setlocale: it would change the whole process" },
};
enum { LEFT_OUT = sizeof left_out / sizeof *left_out };

const char *stdlib_why_nil(Str message, Str code) {
  char field[32], name[32];
  for (int i = 0; i < LEFT_OUT; i++) {
    snprintf(field, sizeof field, "(field '%s')", left_out[i].name);
    snprintf(name, sizeof name, "%s.%s", left_out[i].library, left_out[i].name);
    bool named = code.len == 0 || str_find(code, str_of(name)) >= 0;
    if (named && str_find(message, str_of(field)) >= 0) return left_out[i].why;
  }
  return NULL;
}

static void leave_out(lua_State *L, bool allow_shell) {
  for (int i = 0; i < LEFT_OUT; i++) {
    if (allow_shell && left_out[i].with_shell) continue;
    lua_getglobal(L, left_out[i].library);
    lua_pushnil(L);
    lua_setfield(L, -2, left_out[i].name);
    lua_pop(L, 1);
  }
}

// os.time and os.date. Without a time argument, both use the process's clock, which a spec can move.
static int l_time(lua_State *L) {
  if (lua_isnoneornil(L, 1)) {
    lua_pushinteger(L, clock_unix_s());
    return 1;
  }
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
  return lua_gettop(L);
}

static int l_date(lua_State *L) {
  if (lua_isnoneornil(L, 1)) {
    lua_settop(L, 0);
    lua_pushliteral(L, "%c");
  }
  lua_settop(L, 2);
  if (lua_isnil(L, 2)) {
    lua_pushinteger(L, clock_unix_s());
    lua_replace(L, 2);
  }
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, 2, 1);
  return 1;
}

static void wrap_time(lua_State *L, const char *name, lua_CFunction function) {
  lua_getglobal(L, LUA_OSLIBNAME);
  lua_getfield(L, -1, name);
  lua_pushcclosure(L, function, 1);
  lua_setfield(L, -2, name);
  lua_pop(L, 1);
}

void stdlib_open(lua_State *L, bool allow_shell) {
  luaL_openlibs(L);
  string_lib_open(L);
  table_lib_open(L);
  utf8_lib_open(L);
  debug_lib_open(L);
  load_open(L);
  pairs_lib_open(L);
  pcall_open(L);
  leave_out(L, allow_shell);
  wrap_time(L, "time", l_time);
  wrap_time(L, "date", l_date);
}

// ---- strict globals -----------------------------------------------------------------------------

// Whether the calling file is exempt: third-party modules may read undefined globals. Both functions below have the
// StdlibExempt as their last upvalue, number `upvalue`.
static bool caller_is_exempt(lua_State *L, int upvalue) {
  StdlibExempt *const *exempt = lua_touserdata(L, lua_upvalueindex(upvalue));
  lua_Debug ar;
  return lua_getstack(L, 1, &ar) && lua_getinfo(L, "S", &ar) && (*exempt)(L, ar.source);
}

static int read_undefined(lua_State *L) {
  if (lua_type(L, 2) != LUA_TSTRING || caller_is_exempt(L, 1)) return 0;
  raise(L,
        "undefined global '%s': the name is misspelt, or the variable was never set (rawget(_G, "
        "\"%s\") reads it without an error)",
        lua_tostring(L, 2), lua_tostring(L, 2));
}

static bool made_by_main_chunk(lua_State *L) {
  lua_Debug ar;
  if (!lua_getstack(L, 1, &ar)) return true;
  lua_getinfo(L, "S", &ar);
  return strcmp(ar.what, "main") == 0 || strcmp(ar.what, "C") == 0;
}

// __newindex. Upvalue 1: the set of names already warned of; 2: the StdlibExempt.
static int define(lua_State *L) {
  if (lua_type(L, 2) == LUA_TSTRING && !made_by_main_chunk(L) && !caller_is_exempt(L, 2)) {
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) == LUA_TNIL) {
      lua_pushvalue(L, 2);
      lua_pushboolean(L, true);
      lua_rawset(L, lua_upvalueindex(1));
      luaL_where(L, 1);
      log_warn("%sglobal '%s' made inside a function: write `local %s`, or set it once at the top "
               "of the file",
               lua_tostring(L, -1), lua_tostring(L, 2), lua_tostring(L, 2));
    }
  }
  lua_settop(L, 3);
  lua_rawset(L, 1);
  return 0;
}

void stdlib_strict(lua_State *L, StdlibExempt *exempt) {
  lua_pushglobaltable(L);
  lua_createtable(L, 0, 2);
  StdlibExempt **kept = lua_newuserdatauv(L, sizeof *kept, 0);
  *kept = exempt;
  lua_pushvalue(L, -1);
  lua_pushcclosure(L, read_undefined, 1);
  lua_setfield(L, -3, "__index");
  lua_newtable(L);
  lua_insert(L, -2);
  lua_pushcclosure(L, define, 2);
  lua_setfield(L, -2, "__newindex");
  lua_setmetatable(L, -2);
  lua_pop(L, 1);
}
