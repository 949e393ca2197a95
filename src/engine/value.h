// Lua values as JSON and back.
//
// From Lua: strings, booleans, integers (all 64 bits), finite floats, null, arrays and objects. A table whose keys are
// exactly 1..n is an array; a table with string keys is an object; an empty table is an object unless it is marked as
// an array. Keys are written in byte order, so that equal tables give equal text. A table with __pairs is written with
// the members that __pairs lists. Refused, with the path to the value: strings and keys that are not UTF-8, functions,
// threads, userdata, NaN, infinities, string and integer keys in one table, holes in an array (write null there), other
// keys, cycles, more than JSON_DEPTH_MAX levels.
//
// To Lua: arrays get the array mark, so that empty ones stay arrays; null is the light userdata NULL.
#ifndef WEMOON_ENGINE_VALUE_H
#define WEMOON_ENGINE_VALUE_H

#include <lua.h>
#include "base/buf.h"
#include "base/err.h"
#include "codec/json.h"

// Registers the metatables that the functions below use; once per state.
void value_open(lua_State *L);
// Appends the JSON of the value at `index`. Never raises. False, with `out` truncated to its previous length, with
// ERR_INVALID (the text names the path) or ERR_MEMORY. If the slice is over meanwhile, the call ends with ERR_MEMORY,
// and the guard ends the script at its next instruction.
bool value_to_json(lua_State *L, int index, Buf *out, Err *err);
// The same for logs and messages: bytes that are not UTF-8 are written as U+FFFD.
bool value_to_json_lossy(lua_State *L, int index, Buf *out, Err *err);
// Pushes the value at the absolute index `index` as text: a table as JSON (lossy) if possible, any other value as
// tostring does. May raise.
void value_push_text(lua_State *L, int index);
// Parses JSON and pushes the value. False, with nothing pushed, if it does not parse. Raises without memory; does not
// return if the slice is over (guard_check).
bool value_from_json(lua_State *L, Str json, Err *err);
// Pushes a parsed value. Raises without memory.
void value_push_json(lua_State *L, const Json *value);
// The same in steps, so that a large value does not block the engine. If the value has `most` members at most, pushes
// it and returns NULL. Otherwise pushes a userdata, the cursor, and above it the tables that are still incomplete.
typedef struct ValueCursor ValueCursor;
ValueCursor *value_push_first(lua_State *L, const Json *value, size_t most);
// Continues, with the stack as the previous call left it, for `most` members at most. True when the value is complete
// and on top of the stack.
bool value_push_some(lua_State *L, ValueCursor *cursor, size_t most);
// Pushes the JSON null.
void value_push_null(lua_State *L);
// Sets the array mark on the table at `index`; returns whether it has the mark.
void value_mark_array(lua_State *L, int index);
bool value_is_array(lua_State *L, int index);

#endif
