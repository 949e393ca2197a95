// URLs: query strings, percent-encoding, parts of an address.
#ifndef WEMOON_CODEC_URL_H
#define WEMOON_CODEC_URL_H

#include "base/pairs.h"
#include "base/buf.h"
#include "base/err.h"

// Splits `query` at '&' and '=' into decoded pairs in `arena`, in order. '+' is a space; a '%' without two hex digits
// stays; empty parts are skipped; the first 64 pairs are kept. A pair without anything to decode is a slice of `query`.
// False only without memory.
bool url_parse_query(Str query, Arena *arena, Pairs *out);
// Percent-encodes all but A-Z a-z 0-9 - _ . ~
void url_add_encoded(Buf *out, Str text);
// Appends "?name=value" or "&name=value" to a URL in `out`, encoded.
void url_add_param(Buf *out, Str name, Str value);

typedef struct {
  Str scheme, userinfo, host, path,
      query;  // host without brackets; path with its '/', or empty; query without '?'
  int port;   // -1 if there is none
  bool ipv6;  // the host stood in brackets
} Url;
// Splits `text` into slices, without its fragment. A host is required; white space and control characters are refused.
// False with ERR_INVALID; `err` never quotes the URL, which may hold a password.
bool url_split(Str text, Url *out, Err *err);
// The same for addresses that begin with http:// or https:// (of either case) alone.
bool url_split_http(Str text, Url *out, Err *err);
enum { URL_PLACE_SIZE = 280 };
// Host and port of a URL, for messages; returns `out`, which is empty for what is no URL.
const char *url_place(Str text, char out[URL_PLACE_SIZE]);

#endif
