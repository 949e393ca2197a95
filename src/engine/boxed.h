// C memory that Lua's collector frees: a userdata on the stack whose finalizer frees its content, so that a function
// that may raise or wait can own a buffer, an arena, a document or the result of an operation.
#ifndef WEMOON_ENGINE_BOXED_H
#define WEMOON_ENGINE_BOXED_H

#include <lua.h>

#include "base/arena.h"
#include "base/buf.h"

typedef struct {
  void *held;  // freed by `free`; NULL: nothing
  void (*free)(void *held);
  // For an operation that the script waits for: the object that can cancel it, and the operation's id there.
  void *target;
  uint64_t id;
} Boxed;

// These three each push one box and raise without memory. The box's content is freed with the box, or earlier by
// boxed_close.
Boxed *boxed_push(lua_State *L, void (*free)(void *held), void *target);  // an empty box
Buf *boxed_buf(lua_State *L);
Arena *boxed_arena(lua_State *L);  // arena_new_small
// Returns the box at `index`.
Boxed *boxed_at(lua_State *L, int index);
// Empties the box at `index`, whose content has another owner now, for a content that `free` frees: a second box would
// be finalized too.
Boxed *boxed_reuse(lua_State *L, int index, void (*free)(void *held), void *target);
// Frees the box's content now, not at collection. The box stays usable and empty.
void boxed_clear(Boxed *boxed);
void boxed_close(lua_State *L, int index);

#endif
