// Serialises Lua values for records. Shorter and faster than JSON, and it keeps values that JSON cannot: nil, exact
// floats, strings that are not UTF-8, keys of any type.
#ifndef WEMOON_ENGINE_PACK_H
#define WEMOON_ENGINE_PACK_H

#include <lua.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"

// Appends `count` values from the absolute index `first`. Metatables are left out; the array mark and null are kept.
// Never raises. False, with undefined bytes appended to `out`, for functions, threads, userdata and cycles, and without
// memory.
bool pack_values(lua_State *L, int first, int count, Buf *out);
// Pushes the packed values and returns their number. Returns -1, with nothing pushed, if `bytes` are malformed. Raises
// without memory.
int pack_push(lua_State *L, Str bytes);
// Appends `count` strings in the format of pack_values. A Str whose `ptr` is NULL is nil.
void pack_texts(const Str *texts, size_t count, Buf *out);

// Returns a hash of `count` values from the absolute index `first`. Equal values have equal hashes, whatever the order
// of a table's keys. Functions, threads and userdata count by type only. Never raises.
uint64_t pack_digest(lua_State *L, int first, int count);

// Append one element of packed data.
void pack_number(Buf *out, uint64_t n);
void pack_str(Buf *out, Str text);  // length, then bytes
// Read one element from the front of `bytes` and advance `bytes`. False if `bytes` are too short or malformed.
bool pack_take_number(Str *bytes, uint64_t *n);
bool pack_take_str(Str *bytes, Str *text);

#endif
