// Userdata that own C memory.
#include "script/box.h"

#include <lauxlib.h>

typedef enum { BOX_BUF, BOX_ARENA, BOX_JSON } BoxKind;

typedef struct {
  BoxKind kind;
  union {
    Buf buf;
    Arena *arena;
    JsonDoc *doc;
  };
} Box;

static const char box_metatable;

static void box_free(Box *box) {
  switch (box->kind) {
    case BOX_BUF: buf_clear(&box->buf); break;
    case BOX_ARENA:
      arena_free(box->arena);
      box->arena = NULL;
      break;
    case BOX_JSON:
      json_free(box->doc);
      box->doc = NULL;
      break;
  }
}

static int l_gc(lua_State *L) {
  box_free(lua_touserdata(L, 1));
  return 0;
}

static Box *box_push(lua_State *L, BoxKind kind) {
  Box *box = lua_newuserdatauv(L, sizeof *box, 0);
  memset(box, 0, sizeof *box);
  box->kind = kind;
  buf_init(&box->buf);
  if (kind != BOX_BUF) box->arena = NULL;
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &box_metatable) != LUA_TTABLE) {
    lua_pop(L, 1);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, l_gc);
    lua_setfield(L, -2, "__gc");
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &box_metatable);
  }
  lua_setmetatable(L, -2);
  return box;
}

Buf *box_buf(lua_State *L) { return &box_push(L, BOX_BUF)->buf; }

Arena *box_arena(lua_State *L) {
  Box *box = box_push(L, BOX_ARENA);
  box->arena = arena_new();
  if (!box->arena) luaL_error(L, "not enough memory");
  return box->arena;
}

JsonDoc **box_json(lua_State *L) { return &box_push(L, BOX_JSON)->doc; }

void box_close(lua_State *L, int index) { box_free(lua_touserdata(L, index)); }
