// host.log: lines of the script in wemoon's log, each with the file and line that wrote it.
#include "script/libs.h"

#include <lauxlib.h>
#include "base/log.h"
#include "script/box.h"
#include "script/value.h"

// Pushes the value at `index` as text: tables as JSON where they can be, the rest as tostring has it.
static void push_text(lua_State *L, int index) {
  if (lua_type(L, index) == LUA_TTABLE && luaL_getmetafield(L, index, "__tostring") == LUA_TNIL) {
    Buf *json = box_buf(L);
    if (value_to_json(L, index, json, NULL)) {
      lua_pushlstring(L, json->ptr, json->len);
      box_close(L, -2);
      lua_remove(L, -2);
      return;
    }
    lua_pop(L, 1);
  } else if (lua_type(L, index) == LUA_TTABLE) {
    lua_pop(L, 1);
  }
  luaL_tolstring(L, index, NULL);
}

static int write_line(lua_State *L, LogLevel level) {
  if (!log_on(level)) return 0;
  int count = lua_gettop(L);
  luaL_checkstack(L, count + 8, "too many values for one line");
  for (int i = 1; i <= count; i++) {
    push_text(L, i);
    if (i < count) lua_pushliteral(L, " ");
  }
  lua_concat(L, count > 0 ? 2 * count - 1 : 0);
  luaL_where(L, 1);
  log_line(level, "%s%s", lua_tostring(L, -1), lua_tostring(L, -2));
  return 0;
}

static int l_debug(lua_State *L) { return write_line(L, LOG_DEBUG); }
static int l_info(lua_State *L) { return write_line(L, LOG_INFO); }
static int l_warn(lua_State *L) { return write_line(L, LOG_WARN); }
static int l_error(lua_State *L) { return write_line(L, LOG_ERROR); }

static const luaL_Reg functions[] = {
  { "debug", l_debug },
  { "error", l_error },
  { "info", l_info },
  { "warn", l_warn },
  { NULL, NULL },
};

int lib_log(lua_State *L) {
  luaL_newlib(L, functions);
  return 1;
}
