// utf8.len and utf8.offset. They behave like Lua's own, except that they call the guard.
#include "engine/libs.h"

#include "engine/guard.h"
#include "engine/lua_helpers.h"

#include <lauxlib.h>
#include <lualib.h>

// Characters (utf8.len) or bytes (utf8.offset) between two calls of the guard.
enum { ASK_EVERY = 16384 };

static void step(lua_State *L, lua_Integer i) {
  if (i % ASK_EVERY == 0) guard_check(L);
}

static bool continues(char c) { return ((unsigned char)c & 0xC0) == 0x80; }

// Returns the length in bytes of the character at `s`, or 0 if it is invalid. The text must end with '\0'. `lax` allows
// surrogates and all code points up to 2^31 - 1.
static int char_len(const char *s, bool lax) {
  static const uint32_t least[] = { UINT32_MAX, 0x80, 0x800, 0x10000, 0x200000, 0x4000000 };
  unsigned first = (unsigned char)*s;
  if (first < 0x80) return 1;
  uint32_t code = 0;
  int more = 0;
  for (; first & 0x40; first <<= 1) {
    if (!continues(s[++more])) return 0;
    code = code << 6 | ((unsigned char)s[more] & 0x3F);
  }
  if (more > 5) return 0;
  code |= (uint32_t)(first & 0x7F) << (more * 5);
  if (code > 0x7FFFFFFF || code < least[more]) return 0;
  bool strict = code <= 0x10FFFF && !(code >= 0xD800 && code <= 0xDFFF);
  return lax || strict ? more + 1 : 0;
}

// Converts a position, counted from 1 or, if negative, from the end, to one counted from 1; 0: before the text.
static lua_Integer position_of(lua_Integer position, size_t len) {
  if (position >= 0) return position;
  return 0u - (size_t)position > len ? 0 : (lua_Integer)len + position + 1;
}

static int l_len(lua_State *L) {
  size_t len;
  const char *text = luaL_checklstring(L, 1, &len);
  lua_Integer at = position_of(luaL_optinteger(L, 2, 1), len) - 1;
  lua_Integer last = position_of(luaL_optinteger(L, 3, -1), len) - 1;
  bool lax = lua_toboolean(L, 4);
  luaL_argcheck(L, at >= 0 && at <= (lua_Integer)len, 2, "initial position out of bounds");
  luaL_argcheck(L, last < (lua_Integer)len, 3, "final position out of bounds");
  lua_Integer count = 0;
  while (at <= last) {
    int bytes = char_len(text + at, lax);
    if (bytes == 0) {
      luaL_pushfail(L);
      lua_pushinteger(L, at + 1);
      return 2;
    }
    at += bytes;
    step(L, ++count);
  }
  lua_pushinteger(L, count);
  return 1;
}

// Moves `at` back by -n characters, or to the beginning of the text; returns the rest of n.
static lua_Integer go_back(lua_State *L, const char *text, lua_Integer *at, lua_Integer n) {
  while (n < 0 && *at > 0) {
    do {
      step(L, --*at);
    } while (*at > 0 && continues(text[*at]));
    n++;
  }
  return n;
}

static lua_Integer go_forth(lua_State *L, const char *text, lua_Integer len, lua_Integer *at,
                            lua_Integer n) {
  while (n > 0 && *at < len) {
    do {
      step(L, ++*at);
    } while (continues(text[*at]));
    n--;
  }
  return n;
}

static int l_offset(lua_State *L) {
  size_t len;
  const char *text = luaL_checklstring(L, 1, &len);
  lua_Integer n = luaL_checkinteger(L, 2);
  lua_Integer start = n >= 0 ? 1 : (lua_Integer)len + 1;
  lua_Integer at = position_of(luaL_optinteger(L, 3, start), len) - 1;
  luaL_argcheck(L, at >= 0 && at <= (lua_Integer)len, 3, "position out of bounds");
  if (n != 0 && continues(text[at])) raise(L, "initial position is a continuation byte");
  if (n == 0) {
    while (at > 0 && continues(text[at])) step(L, --at);
  } else if (n < 0) {
    n = go_back(L, text, &at, n);
  } else {
    n = go_forth(L, text, (lua_Integer)len, &at, n - 1);
  }
  if (n == 0) lua_pushinteger(L, at + 1);
  else luaL_pushfail(L);
  return 1;
}

static const luaL_Reg functions[] = { { "len", l_len }, { "offset", l_offset }, { NULL, NULL } };

void utf8_lib_open(lua_State *L) {
  lua_getglobal(L, LUA_UTF8LIBNAME);
  luaL_setfuncs(L, functions, 0);
  lua_pop(L, 1);
}
