// Userdata that own C memory.
#include "engine/boxed.h"

#include "engine/lua_helpers.h"

static const char metatable_key;

void boxed_clear(Boxed *boxed) {
  if (boxed->held) boxed->free(boxed->held);
  boxed->held = NULL;
}

Boxed *boxed_at(lua_State *L, int index) { return lua_touserdata(L, index); }

Boxed *boxed_reuse(lua_State *L, int index, void (*free)(void *held), void *target) {
  Boxed *boxed = boxed_at(L, index);
  *boxed = (Boxed){ .free = free, .target = target };
  return boxed;
}

void boxed_close(lua_State *L, int index) { boxed_clear(boxed_at(L, index)); }

static int l_gc(lua_State *L) {
  boxed_close(L, 1);
  return 0;
}

static void set_metatable(lua_State *L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &metatable_key) != LUA_TTABLE) {
    lua_pop(L, 1);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, l_gc);
    lua_setfield(L, -2, "__gc");
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &metatable_key);
  }
  lua_setmetatable(L, -2);
}

Boxed *boxed_push(lua_State *L, void (*free)(void *held), void *target) {
  Boxed *boxed = lua_newuserdatauv(L, sizeof *boxed, 0);
  *boxed = (Boxed){ .free = free, .target = target };
  set_metatable(L);
  return boxed;
}

static void free_buf(void *buf) { buf_clear(buf); }

// The Buf is in the same userdata, after the Boxed.
Buf *boxed_buf(lua_State *L) {
  struct {
    Boxed boxed;
    Buf buf;
  } *both = lua_newuserdatauv(L, sizeof *both, 0);
  both->boxed = (Boxed){ .held = &both->buf, .free = free_buf };
  buf_init(&both->buf);
  set_metatable(L);
  return &both->buf;
}

static void free_arena(void *arena) { arena_free(arena); }

Arena *boxed_arena(lua_State *L) {
  Boxed *boxed = boxed_push(L, free_arena, NULL);
  boxed->held = arena_new_small();
  if (!boxed->held) raise_no_memory(L);
  return boxed->held;
}
