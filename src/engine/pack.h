// Lua values as bytes and back: what a record keeps of a call. Shorter and quicker than JSON, and it keeps what
// JSON cannot: nil, floats as they are, strings that are no UTF-8, any keys.
#ifndef WEMOON_ENGINE_PACK_H
#define WEMOON_ENGINE_PACK_H

#include <lua.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"

// Appends `count` values from the index `first`, an absolute one. Metatables are left out; the array mark and null
// are kept. False, with `out` in any state, for functions, threads, userdata and cycles, and without memory. Never
// raises.
bool pack_values(lua_State *L, int first, int count, Buf *out);
// Pushes them again; returns how many, or -1, with nothing pushed, for bytes that pack_values did not make.
// Raises without memory.
int pack_push(lua_State *L, Str bytes);
// Appends `count` texts as pack_values would; one whose `ptr` is NULL is nil.
void pack_texts(const Str *texts, size_t count, Buf *out);

// A hash: equal values have the same one, whatever the order of a table's keys. Of functions,
// threads and userdata only the type counts. Never raises.
uint64_t pack_digest(lua_State *L, int first, int count);

// The parts that packed data is made of.
void pack_number(Buf *out, uint64_t n);
void pack_str(Buf *out, Str text);  // its length, then its bytes
// Reads them from the front of `bytes`. False at the end, or if there is none.
bool pack_take_number(Str *bytes, uint64_t *n);
bool pack_take_str(Str *bytes, Str *text);

#endif
