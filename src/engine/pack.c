// A packed value is one byte for its kind, then its content.
#include "engine/pack.h"

#include <string.h>

#include "engine/lua_helpers.h"
#include "engine/value.h"

enum { DEPTH_MAX = 100, WHOLE_MAX = 1 << 17, STACK_NEEDED = 6 };

typedef enum {
  PACK_NIL = 'n',
  PACK_FALSE = 'f',
  PACK_TRUE = 't',
  PACK_NULL = '0',
  PACK_INTEGER = 'i',  // zigzag
  PACK_FLOAT = 'd',    // 8 bytes
  PACK_STRING = 's',   // length, bytes
  PACK_TABLE = '{',    // key, value ... PACK_END
  PACK_ARRAY = '[',    // as PACK_TABLE, for a table with the array mark
  PACK_END = '}'
} PackKind;

// ---- parts --------------------------------------------------------------------------------------

void pack_number(Buf *out, uint64_t n) {
  for (; n >= 0x80; n >>= 7) buf_addc(out, (char)(n | 0x80));
  buf_addc(out, (char)n);
}

void pack_str(Buf *out, Str text) {
  pack_number(out, text.len);
  buf_add(out, text);
}

static bool take_byte(Str *bytes, uint8_t *byte) {
  if (bytes->len == 0) return false;
  *byte = (uint8_t)bytes->ptr[0];
  *bytes = str_make(bytes->ptr + 1, bytes->len - 1);
  return true;
}

bool pack_take_number(Str *bytes, uint64_t *n) {
  uint8_t byte;
  *n = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (!take_byte(bytes, &byte)) return false;
    *n |= (uint64_t)(byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

bool pack_take_str(Str *bytes, Str *text) {
  uint64_t len;
  if (!pack_take_number(bytes, &len) || len > bytes->len) return false;
  *text = str_make(bytes->ptr, (size_t)len);
  *bytes = str_make(bytes->ptr + len, bytes->len - (size_t)len);
  return true;
}

// ---- to bytes -----------------------------------------------------------------------------------

static bool pack_value(lua_State *L, int index, Buf *out, int depth);

static bool pack_table(lua_State *L, int index, Buf *out, int depth) {
  if (depth == DEPTH_MAX || !lua_checkstack(L, STACK_NEEDED)) return false;
  buf_addc(out, value_is_array(L, index) ? PACK_ARRAY : PACK_TABLE);
  for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
    int top = lua_gettop(L);
    if (!pack_value(L, top - 1, out, depth + 1) || !pack_value(L, top, out, depth + 1)) {
      lua_pop(L, 2);
      return false;
    }
  }
  buf_addc(out, PACK_END);
  return true;
}

static void pack_lua_number(lua_State *L, int index, Buf *out) {
  if (lua_isinteger(L, index)) {
    lua_Integer n = lua_tointeger(L, index);
    buf_addc(out, PACK_INTEGER);
    pack_number(out, ((uint64_t)n << 1) ^ (uint64_t)(n >> 63));
    return;
  }
  double n = lua_tonumber(L, index);
  buf_addc(out, PACK_FLOAT);
  buf_add(out, str_make((const char *)&n, sizeof n));
}

static bool pack_value(lua_State *L, int index, Buf *out, int depth) {
  Str text;
  switch (lua_type(L, index)) {
    case LUA_TNIL: buf_addc(out, PACK_NIL); return true;
    case LUA_TBOOLEAN: buf_addc(out, lua_toboolean(L, index) ? PACK_TRUE : PACK_FALSE); return true;
    case LUA_TNUMBER: pack_lua_number(L, index, out); return true;
    case LUA_TSTRING:
      text.ptr = lua_tolstring(L, index, &text.len);
      buf_addc(out, PACK_STRING);
      pack_str(out, text);
      return !out->failed;
    case LUA_TTABLE: return pack_table(L, index, out, depth);
    case LUA_TLIGHTUSERDATA: buf_addc(out, PACK_NULL); return lua_touserdata(L, index) == NULL;
    default: return false;
  }
}

bool pack_values(lua_State *L, int first, int count, Buf *out) {
  pack_number(out, (uint64_t)count);
  for (int i = 0; i < count; i++) {
    if (!pack_value(L, first + i, out, 0)) return false;
  }
  return !out->failed;
}

void pack_texts(const Str *texts, size_t count, Buf *out) {
  pack_number(out, count);
  for (size_t i = 0; i < count; i++) {
    buf_addc(out, texts[i].ptr ? PACK_STRING : PACK_NIL);
    if (texts[i].ptr) pack_str(out, texts[i]);
  }
}

// ---- from bytes ---------------------------------------------------------------------------------

static bool push_value(lua_State *L, Str *bytes, int depth);

static bool is_key(lua_State *L, int index) {
  return !lua_isnil(L, index) &&
         !(lua_type(L, index) == LUA_TNUMBER && lua_tonumber(L, index) != lua_tonumber(L, index));
}

static bool push_table(lua_State *L, Str *bytes, int depth, bool array) {
  if (depth == DEPTH_MAX) return false;
  luaL_checkstack(L, STACK_NEEDED, NULL);
  lua_newtable(L);
  while (bytes->len && bytes->ptr[0] != PACK_END) {
    if (!push_value(L, bytes, depth + 1) || !is_key(L, -1) || !push_value(L, bytes, depth + 1))
      return false;
    lua_rawset(L, -3);
  }
  uint8_t end;
  if (!take_byte(bytes, &end)) return false;
  if (array) value_mark_array(L, lua_gettop(L));
  return true;
}

static bool push_float(lua_State *L, Str *bytes) {
  double n;
  if (bytes->len < sizeof n) return false;
  memcpy(&n, bytes->ptr, sizeof n);
  *bytes = str_sub(*bytes, sizeof n, bytes->len);
  lua_pushnumber(L, n);
  return true;
}

static bool push_integer(lua_State *L, Str *bytes) {
  uint64_t n;
  if (!pack_take_number(bytes, &n)) return false;
  lua_pushinteger(L, (lua_Integer)((n >> 1) ^ (~(n & 1) + 1)));
  return true;
}

static bool push_text(lua_State *L, Str *bytes) {
  Str text;
  if (!pack_take_str(bytes, &text)) return false;
  lua_pushlstring(L, text.ptr, text.len);
  return true;
}

static bool push_value(lua_State *L, Str *bytes, int depth) {
  uint8_t kind;
  if (!take_byte(bytes, &kind)) return false;
  switch ((PackKind)kind) {
    case PACK_NIL: lua_pushnil(L); return true;
    case PACK_FALSE: lua_pushboolean(L, false); return true;
    case PACK_TRUE: lua_pushboolean(L, true); return true;
    case PACK_NULL: value_push_null(L); return true;
    case PACK_INTEGER: return push_integer(L, bytes);
    case PACK_FLOAT: return push_float(L, bytes);
    case PACK_STRING: return push_text(L, bytes);
    case PACK_TABLE: return push_table(L, bytes, depth, false);
    case PACK_ARRAY: return push_table(L, bytes, depth, true);
    case PACK_END: return false;
  }
  return false;
}

int pack_push(lua_State *L, Str bytes) {
  int top = lua_gettop(L);
  uint64_t count;
  bool good = pack_take_number(&bytes, &count) && count <= bytes.len;
  if (good) luaL_checkstack(L, (int)count + STACK_NEEDED, NULL);
  for (uint64_t i = 0; i < count && good; i++) good = push_value(L, &bytes, 0);
  if (good && bytes.len == 0) return (int)count;
  lua_settop(L, top);
  return -1;
}

// ---- the digest ---------------------------------------------------------------------------------

static uint64_t mix(uint64_t a, uint64_t b) {
  uint64_t hash = (a ^ (b + 0x9e3779b97f4a7c15u)) * 0xd6e8feb86659fd93u;
  return hash ^ hash >> 32;
}

static uint64_t digest_value(lua_State *L, int index, int depth);

// The hashes of the members are added, so that the order of the keys does not matter.
static uint64_t digest_table(lua_State *L, int index, int depth) {
  uint64_t sum = LUA_TTABLE;
  if (depth == DEPTH_MAX || !lua_checkstack(L, STACK_NEEDED)) return sum;
  for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
    int top = lua_gettop(L);
    sum += mix(digest_value(L, top - 1, depth + 1), digest_value(L, top, depth + 1));
  }
  return mix(sum, LUA_TTABLE);
}

// Hashes the whole text; of a very long one, the length and both ends only.
static uint64_t digest_text(Str text) {
  if (text.len <= WHOLE_MAX) return str_hash(text, LUA_TSTRING);
  uint64_t head = str_hash(str_sub(text, 0, WHOLE_MAX / 2), text.len);
  return str_hash(str_sub(text, text.len - WHOLE_MAX / 2, text.len), head);
}

static uint64_t digest_number(lua_State *L, int index) {
  double n = lua_tonumber(L, index);
  uint64_t bits;
  if (lua_isinteger(L, index)) return mix((uint64_t)lua_tointeger(L, index), 'i');
  memcpy(&bits, &n, sizeof bits);
  return mix(bits, 'd');
}

static uint64_t digest_value(lua_State *L, int index, int depth) {
  Str text;
  switch (lua_type(L, index)) {
    case LUA_TBOOLEAN: return mix(LUA_TBOOLEAN, (uint64_t)lua_toboolean(L, index));
    case LUA_TNUMBER: return digest_number(L, index);
    case LUA_TSTRING: text.ptr = lua_tolstring(L, index, &text.len); return digest_text(text);
    case LUA_TTABLE: return digest_table(L, index, depth);
    default: return mix('t', (uint64_t)lua_type(L, index));
  }
}

uint64_t pack_digest(lua_State *L, int first, int count) {
  uint64_t digest = (uint64_t)count;
  for (int i = 0; i < count; i++) digest = mix(digest, digest_value(L, first + i, 0));
  return digest;
}
