// C memory in Lua's care: each box is a userdata on the stack whose finalizer frees what is in it, so that a
// function which may raise can own a buffer, an arena or a document. Inside script/ only.
#ifndef WEMOON_SCRIPT_BOX_H
#define WEMOON_SCRIPT_BOX_H

#include <lua.h>
#include "base/arena.h"
#include "base/buf.h"
#include "codec/json.h"

// Each pushes one value and raises without memory. What was given dies with the value, or at once with
// box_close.
Buf *box_buf(lua_State *L);
Arena *box_arena(lua_State *L);
JsonDoc **box_json(lua_State *L);  // empty: put the document in
// Frees what the box at `index` holds, before the collector would.
void box_close(lua_State *L, int index);

#endif
