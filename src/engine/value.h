// Lua values as JSON and back.
//
// From Lua: strings, booleans, integers (all 64 bits), finite floats, null, arrays and objects. A table whose
// keys are exactly 1..n is an array, one with string keys an object, an empty one an object unless it is
// marked as an array. Keys are written in byte order, so that equal tables give equal text. Refused, the path
// named: strings and keys that are no UTF-8, functions, threads and userdata, NaN and infinities, both kinds of keys in one table, holes in an
// array (write null there), other keys, cycles, more than JSON_DEPTH_MAX levels. A table with __pairs
// is written as that lists it.
//
// To Lua: arrays carry the array mark, so that empty ones stay arrays; null is the light userdata NULL.
#ifndef WEMOON_ENGINE_VALUE_H
#define WEMOON_ENGINE_VALUE_H

#include <lua.h>
#include "base/buf.h"
#include "base/err.h"
#include "codec/json.h"

// Registers what the functions below need; once per state.
void value_open(lua_State *L);
// Appends the JSON of the value at `index`. Never raises; a slice that is over ends it with ERR_MEMORY, and then
// the caller with its next instruction. False, `out` as long as it was, with ERR_INVALID
// (the path of what cannot be written) or ERR_MEMORY.
bool value_to_json(lua_State *L, int index, Buf *out, Err *err);
// The same for what is shown to people: bytes that are no UTF-8 are written as U+FFFD.
bool value_to_json_lossy(lua_State *L, int index, Buf *out, Err *err);
// Pushes the value at `index`, an absolute one, as text: a table as JSON (lossy) where it can be, the rest as
// tostring has it. May raise.
void value_push_text(lua_State *L, int index);
// Pushes the value of a JSON text. False with nothing pushed when it does not parse. Raises only without
// memory, and ends a slice that is over.
bool value_from_json(lua_State *L, Str json, Err *err);
// Pushes a parsed value. Raises without memory.
void value_push_json(lua_State *L, const Json *value);
// The same in pieces, so that a large value does not hold up the engine. Pushes the value if `most` values are
// enough, and returns NULL; else a userdata, the cursor, and above it the tables that are not full yet.
typedef struct ValueCursor ValueCursor;
ValueCursor *value_push_first(lua_State *L, const Json *value, size_t most);
// Pushes at most `most` further values, with the stack as it was left. True when all is pushed: the value is on
// top.
bool value_push_some(lua_State *L, ValueCursor *cursor, size_t most);
// Pushes the JSON null.
void value_push_null(lua_State *L);
// Marks the table at `index` as an array; asks for the mark.
void value_mark_array(lua_State *L, int index);
bool value_is_array(lua_State *L, int index);

#endif
