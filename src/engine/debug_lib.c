// The library `debug`, without access to the state of C code: the hook, the values of running C functions, the upvalues
// of C functions and of wemoon's own Lua functions, the metatables of userdata. Such calls raise or return nil.
#include "engine/libs.h"

#include "engine/lua_helpers.h"
#include "engine/place.h"

#include <lauxlib.h>
#include <lualib.h>

// The hook belongs to the guard.
static int l_sethook(lua_State *L) {
  raise(L, "debug.sethook is not available: the guard of script_cpu_ms uses the hook");
}

static int l_gethook(lua_State *L) {
  luaL_pushfail(L);
  return 1;
}

// Returns a table for the script in place of the registry, which C code relies on.
static int l_getregistry(lua_State *L) {
  static const char KEY = 'k';
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &KEY) == LUA_TTABLE) return 1;
  lua_newtable(L);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &KEY);
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_setfield(L, -2, LUA_LOADED_TABLE);
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
  lua_setfield(L, -2, LUA_PRELOAD_TABLE);
  return 1;
}

// ---- locals -------------------------------------------------------------------------------------

// Whether `ar` is a C function or one of wemoon's own Lua functions: scripts may not inspect those. `what` is for
// lua_getinfo and contains "S".
static bool is_closed(lua_State *L, lua_Debug *ar, const char *what) {
  lua_getinfo(L, what, ar);
  return strcmp(ar->what, "C") == 0 || place_is_own(L, ar->short_src);
}

static lua_State *get_thread(lua_State *L, int *arg) {
  *arg = lua_isthread(L, 1);
  return *arg ? lua_tothread(L, 1) : L;
}

static bool get_level(lua_State *L, lua_State *of, int arg, lua_Debug *ar) {
  if (!lua_getstack(of, (int)luaL_checkinteger(L, arg), ar))
    luaL_argerror(L, arg, "level out of range");
  if (of != L && !lua_checkstack(of, 1)) raise(L, "stack overflow");
  return !is_closed(of, ar, "S");
}

// Pushes the value of local variable `n` and returns its name. NULL, with nothing pushed, if there is none, or if
// scripts may not see it: the variables of closed functions (`open` false) and temporary values.
static const char *push_local(lua_State *of, const lua_Debug *ar, bool open, int n) {
  const char *name = open ? lua_getlocal(of, ar, n) : NULL;
  if (!name || strcmp(name, "(temporary)") != 0) return name;
  lua_pop(of, 1);
  return NULL;
}

static int l_getlocal(lua_State *L) {
  int arg;
  lua_State *of = get_thread(L, &arg);
  int n = (int)luaL_checkinteger(L, arg + 2);
  if (lua_isfunction(L, arg + 1)) {
    lua_pushvalue(L, arg + 1);
    lua_pushstring(L, lua_getlocal(L, NULL, n));
    return 1;
  }
  lua_Debug ar;
  bool open = get_level(L, of, arg + 1, &ar);
  const char *name = push_local(of, &ar, open, n);
  if (!name) {
    luaL_pushfail(L);
    return 1;
  }
  lua_xmove(of, L, 1);
  lua_pushstring(L, name);
  lua_insert(L, -2);
  return 2;
}

// Temporary values and the state of a for loop cannot be set: Lua relies on them unchecked.
static int l_setlocal(lua_State *L) {
  int arg;
  lua_Debug ar;
  lua_State *of = get_thread(L, &arg);
  int n = (int)luaL_checkinteger(L, arg + 2);
  bool open = get_level(L, of, arg + 1, &ar);
  luaL_checkany(L, arg + 3);
  lua_settop(L, arg + 3);
  if (!open) raise(L, "debug.setlocal: the function at that level does not belong to the script");
  const char *name = push_local(of, &ar, open, n);
  if (!name || strcmp(name, "(for state)") == 0) {
    luaL_pushfail(L);
    return 1;
  }
  lua_pop(of, 1);
  lua_pushvalue(L, arg + 3);
  lua_xmove(L, of, 1);
  lua_pushstring(L, lua_setlocal(of, &ar, n));
  return 1;
}

// ---- upvalues -----------------------------------------------------------------------------------

static bool is_open_function(lua_State *L, int index) {
  lua_Debug ar;
  if (!lua_isfunction(L, index)) return true;  // Lua's own function raises for this argument
  lua_pushvalue(L, index);
  return !is_closed(L, &ar, ">S");
}

// Calls the library's original function of that name, upvalue 1.
static int call_own(lua_State *L) {
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
  return lua_gettop(L);
}

static int l_getupvalue(lua_State *L) {
  if (is_open_function(L, 1)) return call_own(L);
  luaL_pushfail(L);
  return 1;
}

static int refuse_upvalue(lua_State *L, const char *function) {
  raise(L, "debug.%s: the function does not belong to the script", function);
}

static int l_setupvalue(lua_State *L) {
  return is_open_function(L, 1) ? call_own(L) : refuse_upvalue(L, "setupvalue");
}

static int l_upvaluejoin(lua_State *L) {
  bool open = is_open_function(L, 1) && is_open_function(L, 3);
  return open ? call_own(L) : refuse_upvalue(L, "upvaluejoin");
}

// ---- userdata, functions ------------------------------------------------------------------------

// C code recognises its userdata by their metatables.
static int l_setmetatable(lua_State *L) {
  if (lua_type(L, 1) != LUA_TUSERDATA) return call_own(L);
  raise(L, "debug.setmetatable: the metatable of a userdata cannot be replaced");
}

static int l_setuservalue(lua_State *L) {
  luaL_checktype(L, 1, LUA_TUSERDATA);
  raise(L, "debug.setuservalue: a userdata's values belong to C");
}

// For a level, `func` is left out if it is a C function: some C functions may only be called from C.
static int l_getinfo(lua_State *L) {
  int arg = lua_isthread(L, 1);
  bool is_level = lua_isinteger(L, arg + 1);
  if (is_level && (!arg || lua_tothread(L, 1) == L)) {
    lua_Integer level = lua_tointeger(L, arg + 1);
    lua_pushinteger(L, level < 0 ? level : level + 1);  // this C function is one more level
    lua_replace(L, arg + 1);
  }
  int results = call_own(L);
  if (!is_level || !lua_istable(L, -1)) return results;
  lua_getfield(L, -1, "func");
  bool is_c = lua_iscfunction(L, -1);
  lua_pop(L, 1);
  if (!is_c) return results;
  lua_pushnil(L);
  lua_setfield(L, -2, "func");
  return results;
}

// ---- registration -------------------------------------------------------------------------------

static const luaL_Reg functions[] = { { "gethook", l_gethook },
                                      { "getlocal", l_getlocal },
                                      { "getregistry", l_getregistry },
                                      { "sethook", l_sethook },
                                      { "setlocal", l_setlocal },
                                      { "setuservalue", l_setuservalue },
                                      { NULL, NULL } };

static const luaL_Reg wrappers[] = {
  { "getinfo", l_getinfo },           { "getupvalue", l_getupvalue },
  { "setmetatable", l_setmetatable }, { "setupvalue", l_setupvalue },
  { "upvaluejoin", l_upvaluejoin },   { NULL, NULL }
};

void debug_lib_open(lua_State *L) {
  lua_getglobal(L, LUA_DBLIBNAME);
  luaL_setfuncs(L, functions, 0);
  for (const luaL_Reg *wrapper = wrappers; wrapper->name; wrapper++) {
    lua_getfield(L, -1, wrapper->name);
    lua_pushcclosure(L, wrapper->func, 1);
    lua_setfield(L, -2, wrapper->name);
  }
  lua_pop(L, 1);
}
