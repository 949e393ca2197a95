// Places in the script: "file:line".
#include "engine/place.h"

#include "engine/engine.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

bool place_is_own(lua_State *L, const char *place) {
  const char *mark = engine_link(L)->own_chunks;
  return mark && strncmp(place, mark, strlen(mark)) == 0;
}

void place_push(lua_State *L, int level) {
  luaL_where(L, level);
  if (!place_is_own(L, lua_tostring(L, -1))) return;
  lua_pop(L, 1);
  lua_pushliteral(L, "");
}

void place_innermost(lua_State *L, char *place, size_t size) {
  lua_Debug ar;
  place[0] = '\0';
  for (int level = 0; lua_getstack(L, level, &ar); level++) {
    lua_getinfo(L, "Sl", &ar);
    if (ar.currentline <= 0 || place_is_own(L, ar.short_src)) continue;
    snprintf(place, size, "%s:%d", ar.short_src, ar.currentline);
    return;
  }
}
