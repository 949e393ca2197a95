// host.json: JSON for scripts.
#include "host/libs.h"

#include "engine/boxed.h"
#include "engine/lua_helpers.h"
#include "engine/value.h"

// json.encode(value): returns the value as JSON. Raises, with the path, for a value that JSON cannot represent.
static int encode(lua_State *L, bool (*write)(lua_State *L, int index, Buf *out, Err *err)) {
  luaL_checkany(L, 1);
  lua_settop(L, 1);
  Buf *out = boxed_buf(L);
  Err err;
  if (!write(L, 1, out, &err)) raise(L, "%s", err.text);
  lua_pushlstring(L, out->ptr, out->len);
  boxed_close(L, 2);
  return 1;
}

static int l_encode(lua_State *L) { return encode(L, value_to_json); }

// json.encode_lossy(value): the same for logs and messages; bytes that are not UTF-8 become U+FFFD.
static int l_encode_lossy(lua_State *L) { return encode(L, value_to_json_lossy); }

// json.decode(text): returns the value, or nil and the reason.
static int l_decode(lua_State *L) {
  Str text = lua_str(L, 1);
  Err err;
  if (value_from_json(L, text, &err)) return 1;
  lua_pushnil(L);
  lua_pushstring(L, err.text);
  return 2;
}

// json.array([list]): sets the array mark on the table, or on a new one, and returns it.
static int l_array(lua_State *L) {
  if (lua_isnoneornil(L, 1)) {
    lua_settop(L, 0);
    lua_newtable(L);
  }
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  if (!value_is_array(L, 1) && lua_getmetatable(L, 1)) {
    raise(L, "json.array: the table has a metatable already");
  }
  value_mark_array(L, 1);
  return 1;
}

static int l_is_array(lua_State *L) {
  lua_pushboolean(L, lua_type(L, 1) == LUA_TTABLE && value_is_array(L, 1));
  return 1;
}

static const luaL_Reg functions[] = {
  { "array", l_array },       { "decode", l_decode },
  { "encode", l_encode },     { "encode_lossy", l_encode_lossy },
  { "is_array", l_is_array }, { NULL, NULL },
};

int lib_json(lua_State *L) {
  luaL_newlib(L, functions);
  value_push_null(L);
  lua_setfield(L, -2, "null");
  return 1;
}
