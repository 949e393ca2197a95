// URLs: query strings, percent-encoding, parts of an address.
#ifndef WEMOON_CODEC_URL_H
#define WEMOON_CODEC_URL_H

#include "base/pairs.h"
#include "base/buf.h"
#include "base/err.h"

// Splits `query` at '&' and '=' into decoded pairs in `arena`, in order; '+' is a space; a '%' without two
// hex digits stays as it is; empty parts are skipped. At most 64 pairs are kept. Where nothing is to be
// decoded, they are slices of `query`. False only without memory.
bool url_parse_query(Str query, Arena *arena, Pairs *out);
// Percent-encodes all but A-Z a-z 0-9 - _ . ~
void url_add_encoded(Buf *out, Str text);
// Appends "?name=value" or "&name=value" to a URL in `out`, encoded.
void url_add_param(Buf *out, Str name, Str value);

typedef struct {
  Str scheme, userinfo, host, path,
      query;  // host without brackets; path with its '/' or empty; query without '?'
  int port;   // -1 where none is written
  bool ipv6;  // the host stood in brackets
} Url;
// Slices of `text`; a fragment is left out. A host is needed; white space and control characters are refused.
// False with ERR_INVALID, and never a word of the address in `err`: it may hold a password.
bool url_split(Str text, Url *out, Err *err);

#endif
