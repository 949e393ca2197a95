// What a C function has under way outside while the script waits for it, in Lua's care: a userdata that the
// function leaves on its stack, that takes the result when it comes and frees it in the end. Inside script/
// only.
#ifndef WEMOON_SCRIPT_PENDING_H
#define WEMOON_SCRIPT_PENDING_H

#include <lua.h>
#include <stdint.h>

typedef struct {
  void *result;  // freed by `free` when the userdata is collected
  void (*free)(void *result);
  void *target;  // for cancelling: whom to tell ...
  uint64_t id;   // ... and about what
} Pending;

// Pushes an empty one. Raises without memory.
Pending *pending_push(lua_State *L, void (*free)(void *result), void *target);
// The one at `index`.
Pending *pending_at(lua_State *L, int index);
// Frees the result before the collector would.
void pending_clear(Pending *pending);

#endif
