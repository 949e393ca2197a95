// host.codec: digests, base64, percent-encoding, Markdown and UTF-8 for scripts; QR codes for the simulated platform.
#include "host/libs.h"

#include "codec/base64.h"
#include "codec/digest.h"
#include "codec/markdown.h"
#include "codec/qr.h"
#include "codec/url.h"
#include "engine/boxed.h"
#include "script/context.h"

// Returns the buffer in the box at `box` as the only result.
static int give_buf(lua_State *L, int box, const Buf *out) {
  if (out->failed) raise_no_memory(L);
  lua_pushlstring(L, buf_str(out).ptr, out->len);
  boxed_close(L, box);
  return 1;
}

// ---- base64

static int l_base64_encode(lua_State *L) {
  Str bytes = lua_str(L, 1);
  lua_settop(L, 1);
  Buf *out = boxed_buf(L);
  base64_encode(out, bytes);
  return give_buf(L, 2, out);
}

static int l_base64_decode(lua_State *L) {
  Str text = lua_str(L, 1);
  lua_settop(L, 1);
  Buf *out = boxed_buf(L);
  if (base64_decode(out, text, false)) return give_buf(L, 2, out);
  lua_pushnil(L);
  lua_pushliteral(L, "not base64: only A-Z a-z 0-9 + / in groups of four, '=' at the end");
  return 2;
}

// ---- digests: lower-case hex

static int l_sha1(lua_State *L) {
  Str data = lua_str(L, 1);
  char hex[SHA1_HEX_LEN + 1];
  if (!digest_sha1(script_context(L)->digest, &data, 1, hex)) raise(L, "sha1 failed");
  lua_pushlstring(L, hex, SHA1_HEX_LEN);
  return 1;
}

static int l_md5(lua_State *L) {
  char hex[MD5_HEX_LEN + 1];
  if (!digest_md5(script_context(L)->digest, lua_str(L, 1), hex)) raise(L, "md5 failed");
  lua_pushlstring(L, hex, MD5_HEX_LEN);
  return 1;
}

static int l_hmac_sha256(lua_State *L) {
  char hex[SHA256_HEX_LEN + 1];
  if (!digest_hmac_sha256(script_context(L)->digest, lua_str(L, 1), lua_str(L, 2), hex)) {
    raise(L, "hmac_sha256 failed");
  }
  lua_pushlstring(L, hex, SHA256_HEX_LEN);
  return 1;
}

// ---- URL

static int l_url_encode(lua_State *L) {
  Str text = lua_str(L, 1);
  lua_settop(L, 1);
  Buf *out = boxed_buf(L);
  url_add_encoded(out, text);
  return give_buf(L, 2, out);
}

// Decodes '+' as a space; a '%' without two hex digits stays unchanged.
static int l_url_decode(lua_State *L) {
  Str text = lua_str(L, 1);
  luaL_Buffer out;
  luaL_buffinitsize(L, &out, text.len);
  for (size_t i = 0; i < text.len; i++) {
    char c = text.ptr[i];
    int high = c == '%' && i + 2 < text.len ? str_hex_digit(text.ptr[i + 1]) : -1;
    int low = high >= 0 ? str_hex_digit(text.ptr[i + 2]) : -1;
    if (low >= 0) {
      c = (char)(high * 16 + low);
      i += 2;
    } else if (c == '+') {
      c = ' ';
    }
    luaL_addchar(&out, c);
  }
  luaL_pushresult(&out);
  return 1;
}

// ---- UTF-8: an invalid byte counts as one character, so that no text makes these functions raise

static size_t char_len(Str s, size_t at) {
  unsigned char lead = (unsigned char)s.ptr[at];
  size_t len = lead < 0xC2 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 1;
  if (at + len > s.len) return 1;
  for (size_t i = 1; i < len; i++) {
    if (((unsigned char)s.ptr[at + i] & 0xC0) != 0x80) return 1;
  }
  return len;
}

static size_t count_chars(Str s) {
  size_t count = 0;
  for (size_t at = 0; at < s.len; at += char_len(s, at)) count++;
  return count;
}

static int l_utf8_len(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)count_chars(lua_str(L, 1)));
  return 1;
}

// utf8_sub(s, i[, j]): returns characters i to j; negative positions count from the end, as in string.sub.
static int l_utf8_sub(lua_State *L) {
  Str s = lua_str(L, 1);
  lua_Integer from = luaL_checkinteger(L, 2), to = luaL_optinteger(L, 3, -1);
  lua_Integer count = from < 0 || to < 0 ? (lua_Integer)count_chars(s) : 0;
  if (from < 0) from = from + count + 1;
  if (from < 1) from = 1;
  if (to < 0) to = to + count + 1;
  size_t at = 0, start = s.len, end = s.len;
  for (lua_Integer position = 1; at < s.len; position++) {
    if (position == from) start = at;
    if (position > to) {
      end = at;
      break;
    }
    at += char_len(s, at);
  }
  if (start < end) lua_pushlstring(L, s.ptr + start, end - start);
  else lua_pushliteral(L, "");
  return 1;
}

// utf8_cut(s, bytes): returns the longest prefix of whole characters with at most `bytes` bytes.
static int l_utf8_cut(lua_State *L) {
  Str s = lua_str(L, 1);
  lua_Integer bytes = luaL_checkinteger(L, 2);
  size_t max = bytes < 0 ? 0 : (size_t)bytes;
  lua_pushlstring(L, s.ptr, str_utf8_prefix(s, max < s.len ? max : s.len));
  return 1;
}

// plain(markdown): returns the Markdown text as plain text for a chat. Raises past MARKDOWN_MAX bytes.
static int l_plain(lua_State *L) {
  Str markdown = lua_str(L, 1);
  Err err = { 0 };
  lua_settop(L, 1);
  Buf *out = boxed_buf(L);
  if (!markdown_to_plain(markdown, out, &err)) raise(L, "wechat.plain: %s", err.text);
  return give_buf(L, 2, out);
}

// qr_png(text[, scale]): returns a PNG of the QR code, `scale` pixels for each module; or nil and the reason.
static int l_qr_png(lua_State *L) {
  Str text = lua_str(L, 1);
  lua_Integer scale = luaL_optinteger(L, 2, 8);
  Err err = { 0 };
  lua_settop(L, 1);
  Buf *out = boxed_buf(L);
  if (qr_png(text, scale > 0 && scale < 100 ? (int)scale : 8, out, &err))
    return give_buf(L, 2, out);
  lua_pushnil(L);
  lua_pushstring(L, err.text);
  return 2;
}

static const luaL_Reg functions[] = {
  { "base64_decode", l_base64_decode },
  { "base64_encode", l_base64_encode },
  { "hmac_sha256", l_hmac_sha256 },
  { "md5", l_md5 },
  { "plain", l_plain },
  { "qr_png", l_qr_png },
  { "sha1", l_sha1 },
  { "url_decode", l_url_decode },
  { "url_encode", l_url_encode },
  { "utf8_cut", l_utf8_cut },
  { "utf8_len", l_utf8_len },
  { "utf8_sub", l_utf8_sub },
  { NULL, NULL },
};

int lib_codec(lua_State *L) {
  luaL_newlib(L, functions);
  return 1;
}
