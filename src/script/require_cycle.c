// Finds the modules that are being loaded in Lua's own stack: so there is nothing to undo when one of them raises.
#include "script/require_cycle.h"

#include "engine/place.h"

#include <lauxlib.h>
#include <string.h>

// The levels of the stack as a searcher sees them.
enum { REQUIRE = 1, REQUIRER = 2 };
// Limits the search: lua_getstack counts from the top for each level, and a script may have recursed 100,000 deep.
enum { LEVELS_SEARCHED = 1000 };

// Pushes the name of the module that the call at `level` loads, and returns it; pushes nothing and returns NULL if that
// is no call of the function at the index `require`.
static const char *push_module(lua_State *L, int require, int level) {
  lua_Debug ar;
  lua_getstack(L, level, &ar);
  lua_getinfo(L, "f", &ar);
  bool is_it = lua_rawequal(L, -1, require);
  lua_pop(L, 1);
  if (!is_it || !lua_getlocal(L, &ar, 1)) return NULL;
  if (lua_type(L, -1) == LUA_TSTRING) return lua_tostring(L, -1);
  lua_pop(L, 1);
  return NULL;
}

// Pushes the file whose main chunk runs at `level`, with its line if that is wanted; the module's name if it is none.
static const char *push_place(lua_State *L, int level, const char *module, bool with_line) {
  lua_Debug ar;
  lua_getstack(L, level, &ar);
  lua_getinfo(L, "Sl", &ar);
  bool is_file = strcmp(ar.what, "main") == 0 && ar.source[0] == '@';
  if (!is_file) return lua_pushstring(L, module);
  return with_line ? lua_pushfstring(L, "%s:%d", ar.source + 1, ar.currentline)
                   : lua_pushstring(L, ar.source + 1);
}

// Raises the chain from the call of `require` at `outermost` to the one that has just been made.
static int raise_cycle(lua_State *L, int require, int outermost) {
  place_push(L, REQUIRER);
  lua_pushliteral(L, "require goes in a cycle: ");
  lua_concat(L, 2);
  for (int level = outermost; level > REQUIRE; level--) {
    const char *module = push_module(L, require, level);
    if (!module) continue;
    push_place(L, level - 1, module, true);
    lua_remove(L, -2);
    lua_pushliteral(L, " -> ");
    lua_concat(L, 3);
  }
  push_place(L, outermost - 1, push_module(L, require, outermost), false);
  lua_remove(L, -2);
  lua_pushliteral(L, "; one of them must require the other in a function, where it is used");
  lua_concat(L, 3);
  return lua_error(L);
}

void require_cycle_check(lua_State *L, const char *name) {
  lua_Debug ar;
  luaL_checkstack(L, 8, NULL);
  if (!lua_getstack(L, REQUIRE, &ar)) return;
  lua_getinfo(L, "f", &ar);
  int require = lua_gettop(L);
  bool by_require = lua_iscfunction(L, require);  // else the script calls the searcher itself
  for (int level = REQUIRE + 1; by_require && level < LEVELS_SEARCHED; level++) {
    if (!lua_getstack(L, level, &ar)) break;
    const char *module = push_module(L, require, level);
    if (module && strcmp(module, name) == 0) raise_cycle(L, require, level);
    lua_settop(L, require);
  }
  lua_settop(L, require - 1);
}
