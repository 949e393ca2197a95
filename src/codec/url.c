// URLs: query strings, percent-encoding, parts of an address.
#include "codec/url.h"

#include "base/lane.h"

#include <stdio.h>
#include <string.h>

enum { PAIRS_MAX = 64, PORT_MAX = 65535 };

static bool is_encoded(Str text) {
  return text.len && (memchr(text.ptr, '%', text.len) || memchr(text.ptr, '+', text.len));
}

// Decodes into *at, which needs no more bytes than `text` has; advances *at.
static Str decode(Str text, char **at) {
  char *start = *at, *to = start;
  for (size_t i = 0; i < text.len; i++) {
    char c = text.ptr[i];
    int high = -1, low = -1;
    if (c == '%' && text.len - i > 2) {
      high = str_hex_digit(text.ptr[i + 1]);
      low = str_hex_digit(text.ptr[i + 2]);
    }
    if (high >= 0 && low >= 0) {
      c = (char)(high << 4 | low);
      i += 2;
    } else if (c == '+') {
      c = ' ';
    }
    *to++ = c;
  }
  *at = to;
  return str_make(start, (size_t)(to - start));
}

bool url_parse_query(Str query, Arena *arena, Pairs *out) {
  *out = (Pairs){ 0 };
  bool encoded = is_encoded(query), more = query.len > 0;
  char *at = encoded ? arena_alloc(arena, query.len) : NULL;
  if (encoded && !at) return false;
  while (more && out->count < PAIRS_MAX) {
    Str part, name, value;
    more = str_cut(query, '&', &part, &query);
    if (part.len == 0) continue;
    str_cut(part, '=', &name, &value);
    if (encoded) {
      name = decode(name, &at);
      value = decode(value, &at);
    }
    if (!pairs_add(out, arena, name, value)) return false;
  }
  return true;
}

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool is_unreserved(char c) {
  static const bool unreserved[256] = {
    ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['0' ... '9'] = true, ['-'] = true,
    ['_'] = true,         ['.'] = true,         ['~'] = true,
  };
  return unreserved[(unsigned char)c];
}

void url_add_encoded(Buf *out, Str text) {
  static const char digits[] = "0123456789ABCDEF";
  for (size_t i = 0; i < text.len; i++) {
    size_t from = i;
    while (i < text.len && is_unreserved(text.ptr[i])) i++;
    buf_add(out, str_sub(text, from, i - from));
    if (i == text.len) return;
    unsigned char c = (unsigned char)text.ptr[i];
    char escape[] = { '%', digits[c >> 4], digits[c & 15] };
    buf_add(out, str_make(escape, sizeof escape));
  }
}

void url_add_param(Buf *out, Str name, Str value) {
  Str url = buf_str(out);
  bool has_query = url.len && memchr(url.ptr, '?', url.len);
  bool open = str_ends(url, STR("?")) || str_ends(url, STR("&"));
  if (!open) buf_addc(out, has_query ? '&' : '?');
  url_add_encoded(out, name);
  buf_addc(out, '=');
  url_add_encoded(out, value);
}

// Cuts `s` before the first byte of `ends`; *rest begins with that byte.
static Str cut_before(Str s, const char *ends, Str *rest) {
  size_t len = s.len;
  for (; *ends; ends++) {
    const char *found = len ? memchr(s.ptr, *ends, len) : NULL;
    if (found) len = (size_t)(found - s.ptr);
  }
  *rest = str_sub(s, len, s.len);
  return str_sub(s, 0, len);
}

static bool scheme_ok(Str scheme) {
  if (scheme.len == 0 || !is_letter(scheme.ptr[0])) return false;
  for (size_t i = 1; i < scheme.len; i++) {
    char c = scheme.ptr[i];
    if (!is_letter(c) && !is_digit(c) && c != '+' && c != '-' && c != '.') return false;
  }
  return true;
}

// Bytes beyond ASCII are left to the resolver.
static bool host_ok(Str host, bool ipv6) {
  for (size_t i = 0; i < host.len; i++) {
    char c = host.ptr[i];
    if (ipv6 ? str_hex_digit(c) < 0 && !strchr(":.%", c) && !is_letter(c)
             : strchr("[]:\\<>\"^`{|}", c) != NULL)
      return false;
  }
  return host.len > 0;
}

// No error quotes the URL: it may hold a password.
static bool split_authority(Str authority, Url *out, Err *err) {
  for (size_t i = authority.len; i > 0; i--) {
    if (authority.ptr[i - 1] != '@') continue;
    out->userinfo = str_sub(authority, 0, i - 1);
    authority = str_sub(authority, i, authority.len);
    break;
  }
  out->ipv6 = str_starts(authority, STR("["));
  Str rest;
  out->host = cut_before(out->ipv6 ? str_sub(authority, 1, authority.len) : authority,
                         out->ipv6 ? "]" : ":", &rest);
  if (out->ipv6 && rest.len == 0)
    return err_set(err, ERR_INVALID, "the address opens '[' and never closes it");
  if (out->ipv6) rest = str_sub(rest, 1, rest.len);
  if (out->host.len == 0) return err_set(err, ERR_INVALID, "the address names no host");
  if (!host_ok(out->host, out->ipv6))
    return err_set(err, ERR_INVALID, "the host in the address is not a host name");
  if (rest.len == 0) return true;
  int64_t port;
  Str digits = str_sub(rest, 1, rest.len);
  if (rest.ptr[0] != ':' || !str_to_int64(digits, &port) || port < 1 || port > PORT_MAX) {
    return err_set(err, ERR_INVALID, "the port in the address is not a number from 1 to %d",
                   PORT_MAX);
  }
  out->port = (int)port;
  return true;
}

// How many bytes of whole lanes at the front may stand in an address.
static size_t good_lanes(Str text) {
  size_t good = 0;
  for (; text.len - good >= sizeof(Lane); good += sizeof(Lane)) {
    Lane lane = lane_at(text.ptr + good);
    Lane wrong = (Lane)((lane >= 0) & (lane <= ' ')) | (Lane)(lane == 0x7F);
    if (!lane_is_zero(wrong)) break;
  }
  return good;
}

static bool check_bytes(Str text, Err *err) {
  for (size_t i = good_lanes(text); i < text.len; i++) {
    unsigned char c = (unsigned char)text.ptr[i];
    if (c > ' ' && c != 0x7F) continue;
    return err_set(err, ERR_INVALID, "byte %zu of the address is %s: write %%%02X in its place",
                   i + 1, c == ' ' ? "a space" : "a control character", c);
  }
  return true;
}

bool url_split(Str text, Url *out, Err *err) {
  *out = (Url){ .port = -1 };
  if (!check_bytes(text, err)) return false;
  ptrdiff_t colon = str_find(text, STR("://"));
  if (colon < 0)
    return err_set(err, ERR_INVALID, "the address has no \"://\": write it like https://HOST/PATH");
  out->scheme = str_sub(text, 0, (size_t)colon);
  if (!scheme_ok(out->scheme))
    return err_set(err, ERR_INVALID, "the address does not begin with a scheme like https");
  Str rest = str_sub(text, (size_t)colon + 3, text.len);
  Str authority = cut_before(rest, "/?#", &rest);
  out->path = cut_before(rest, "?#", &rest);
  if (str_starts(rest, STR("?"))) out->query = cut_before(str_sub(rest, 1, rest.len), "#", &rest);
  return split_authority(authority, out, err);
}

bool url_split_http(Str text, Url *out, Err *err) {
  if (!url_split(text, out, err)) return false;
  return str_eq_nocase(out->scheme, STR("http")) || str_eq_nocase(out->scheme, STR("https")) ||
         err_set(err, ERR_INVALID, "the address must begin with http:// or https://");
}

const char *url_place(Str text, char out[URL_PLACE_SIZE]) {
  Url url;
  out[0] = 0;
  if (!url_split(text, &url, NULL)) return out;
  if (url.port < 0) snprintf(out, URL_PLACE_SIZE, "%.*s", STR_FMT(url.host));
  else snprintf(out, URL_PLACE_SIZE, "%.*s:%d", STR_FMT(url.host), url.port);
  return out;
}
