// HTTP responses as Lua values.
#include "host/answer.h"

#include "engine/lua_helpers.h"

const char *answer_kind(ClientOutcome outcome) {
  switch (outcome) {
    case CLIENT_TIMEOUT: return "timeout";
    case CLIENT_TOO_LARGE: return "http";
    case CLIENT_UNKNOWN: return "unknown";
    case CLIENT_CANCELLED: return "cancelled";
    default: return "network";
  }
}

int answer_failure(lua_State *L, const char *kind, const char *text) {
  lua_pushnil(L);
  lua_createtable(L, 0, 4);
  lua_pushstring(L, kind);
  lua_setfield(L, -2, "kind");
  lua_pushstring(L, text);
  lua_setfield(L, -2, "errmsg");
  return 2;
}

void answer_push_headers(lua_State *L, const Pairs *headers) {
  lua_createtable(L, (int)headers->count, 0);
  lua_Integer i = 0;
  for (const Pair *pair = headers->first; pair; pair = pair->next) {
    lua_createtable(L, 2, 0);
    push_lower(L, pair->name);
    lua_rawseti(L, -2, 1);
    push_str(L, pair->value);
    lua_rawseti(L, -2, 2);
    lua_rawseti(L, -2, ++i);
  }
}
