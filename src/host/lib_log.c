// host.log: writes the script's lines to wemoon's log, each with the file and line of the call.
#include "host/libs.h"

#include "base/log.h"
#include "engine/door.h"
#include "engine/lua_helpers.h"
#include "engine/place.h"
#include "engine/value.h"

static int write_line(lua_State *L, LogLevel level) {
  if (!log_on(level) || door_repeats(L)) return 0;
  int count = lua_gettop(L);
  luaL_checkstack(L, count + 8, "too many values for one line");
  for (int i = 1; i <= count; i++) {
    value_push_text(L, i);
    if (i < count) lua_pushliteral(L, " ");
  }
  lua_concat(L, count > 0 ? 2 * count - 1 : 0);
  place_push(L, 1);
  log_line(level, "%s%s", lua_tostring(L, -1), lua_tostring(L, -2));
  return 0;
}

static int l_debug(lua_State *L) { return write_line(L, LOG_DEBUG); }
static int l_info(lua_State *L) { return write_line(L, LOG_INFO); }
static int l_warn(lua_State *L) { return write_line(L, LOG_WARN); }
static int l_error(lua_State *L) { return write_line(L, LOG_ERROR); }

static const luaL_Reg functions[] = {
  { "debug", l_debug }, { "error", l_error }, { "info", l_info },
  { "warn", l_warn },   { NULL, NULL },
};

int lib_log(lua_State *L) {
  luaL_newlib(L, functions);
  return 1;
}
