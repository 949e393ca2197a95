// Names the C function because of which a task cannot wait.
#include "engine/yield_barrier.h"

#include "engine/lua_helpers.h"
#include "engine/method.h"

#include <string.h>

static const char NAMELESS[] = "a C function";

// Replaces the function on top by its name in `package.loaded` ("string.gsub"), or else by its name in the call.
static void name_function(lua_State *L, lua_Debug *ar) {
  int function = lua_gettop(L);
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  for (lua_pushnil(L); lua_istable(L, function + 1) && lua_next(L, function + 1);) {
    if (lua_istable(L, -1) && lua_type(L, -2) == LUA_TSTRING) {
      for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING || !lua_rawequal(L, -1, function)) continue;
        const char *module = lua_tostring(L, -4);
        if (strcmp(module, LUA_GNAME) == 0) lua_pushfstring(L, "%s", lua_tostring(L, -2));
        else lua_pushfstring(L, "%s.%s", module, lua_tostring(L, -2));
        lua_replace(L, function);
        lua_settop(L, function);
        return;
      }
    }
    lua_pop(L, 1);
  }
  lua_settop(L, function);
  lua_getinfo(L, "n", ar);
  lua_pushstring(L, ar->name ? ar->name : NAMELESS);
  lua_replace(L, function);
}

// Limits the search: lua_getstack counts from the top for each level, and a script may have recursed 100,000 deep.
enum { LEVELS_SEARCHED = 1000 };

noreturn static void raise_inside(lua_State *L, const char *what, const char *name) {
  method_raise(
      L,
      "%s cannot wait inside %s: Lua cannot suspend a C function; call it before or after, or "
      "collect what is needed first",
      what, name);
}

noreturn void yield_barrier_raise(lua_State *L, lua_State *where, const char *what) {
  lua_Debug ar;
  bool nameless = false;
  for (int level = 1; level <= LEVELS_SEARCHED && lua_getstack(where, level, &ar); level++) {
    luaL_checkstack(where, 10, NULL);
    lua_getinfo(where, "Sf", &ar);
    if (strcmp(ar.what, "C") != 0 || passes_yields(where, -1)) {
      lua_pop(where, 1);
      continue;
    }
    name_function(where, &ar);
    if (where != L) lua_xmove(where, L, 1);
    const char *name = lua_tostring(L, -1);
    if (strcmp(name, "pcall") == 0 || strcmp(name, "xpcall") == 0 ||
        strncmp(name, "coroutine.", 10) == 0)
      continue;
    if (strcmp(name, NAMELESS) != 0) raise_inside(L, what, name);
    nameless = true;
  }
  if (nameless) raise_inside(L, what, NAMELESS);
  method_raise(L,
               "%s cannot wait here: Lua cannot suspend the function that is under way (a "
               "metamethod called from C, a "
               "finalizer or a __close)",
               what);
}
