// C memory in Lua's care: a userdata on the stack whose finalizer frees what it holds, so that a function which
// may raise, or wait, can own a buffer, an arena, a document or the result of an operation.
#ifndef WEMOON_ENGINE_BOXED_H
#define WEMOON_ENGINE_BOXED_H

#include <lua.h>

#include "base/arena.h"
#include "base/buf.h"

typedef struct {
  void *held;  // freed by `free`; NULL: nothing
  void (*free)(void *held);
  // An operation that the script waits for: where to cancel it, and its id there.
  void *target;
  uint64_t id;
} Boxed;

// Each pushes one value and raises without memory. What it holds dies with the value, or at once with
// boxed_close.
Boxed *boxed_push(lua_State *L, void (*free)(void *held), void *target);  // empty
Buf *boxed_buf(lua_State *L);
Arena *boxed_arena(lua_State *L);  // a small one
// The one at `index`.
Boxed *boxed_at(lua_State *L, int index);
// Frees what the box holds, before the collector would.
void boxed_clear(Boxed *boxed);
void boxed_close(lua_State *L, int index);

#endif
