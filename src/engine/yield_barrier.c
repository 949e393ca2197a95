// Names the C function because of which a task cannot wait.
#include "engine/yield_barrier.h"

#include "engine/lua_helpers.h"
#include "engine/method.h"

#include <string.h>

static const char NAMELESS[] = "a C function";

// Replaces the function on top of L's stack by its name in `package.loaded` ("string.gsub"), or else by its name in the
// call `ar` of the coroutine `where`.
static void name_function(lua_State *L, lua_State *where, lua_Debug *ar) {
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
  lua_getinfo(where, "n", ar);
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

static bool is_passed_by_lua(const char *name) {
  return strcmp(name, "pcall") == 0 || strcmp(name, "xpcall") == 0 ||
         strncmp(name, "coroutine.", 10) == 0;
}

// Returns the name of the function of the call `ar` of `where`, or NULL if a coroutine can yield across it. Pushes one
// value onto L's stack, which holds the name: `where` has called L, and may be deep.
static const char *barrier_at(lua_State *L, lua_State *where, lua_Debug *ar) {
  lua_getinfo(where, "Sf", ar);
  if (where != L) lua_xmove(where, L, 1);
  if (strcmp(ar->what, "C") != 0 || passes_yields(L, -1)) return NULL;
  name_function(L, where, ar);
  const char *name = lua_tostring(L, -1);
  return is_passed_by_lua(name) ? NULL : name;
}

noreturn void yield_barrier_raise(lua_State *L, lua_State *where, const char *what) {
  lua_Debug ar;
  bool nameless = false;
  luaL_checkstack(L, 10, NULL);
  for (int level = 1; level <= LEVELS_SEARCHED && lua_getstack(where, level, &ar); level++) {
    if (!lua_checkstack(where, 1)) break;
    const char *name = barrier_at(L, where, &ar);
    if (name && strcmp(name, NAMELESS) != 0) raise_inside(L, what, name);
    nameless = nameless || name;
    lua_pop(L, 1);
  }
  if (nameless) raise_inside(L, what, NAMELESS);
  method_raise(L,
               "%s cannot wait here: Lua cannot suspend the function that is under way (a "
               "metamethod called from C, a "
               "finalizer or a __close)",
               what);
}
