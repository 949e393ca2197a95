// The URL of a Redis, taken apart.
#ifndef WEMOON_STORE_REDIS_URL_H
#define WEMOON_STORE_REDIS_URL_H

#include "base/err.h"
#include "base/str.h"

enum { REDIS_URL_PORT = 6379, REDIS_URL_DB_MAX = 1 << 20 };

// Slices of the URL; user and password are percent-encoded, as they stand there.
typedef struct {
  Str user,
      password;  // empty if there is none; the password may come without a user, not the reverse
  Str host;      // a name or an address, an IPv6 one without its brackets
  int port, db;
} RedisUrl;

// "redis://[[USER]:PASSWORD@]HOST[:PORT][/DB]". The last '@' ends the password, so it may hold any other byte
// as it is. ERR_USAGE if it is none; no part of the URL is in the text.
bool redis_url_parse(Str url, RedisUrl *out, Err *err);
// Writes `text` with its percent-encoded bytes decoded, and a NUL; `out` has room for text.len + 1 bytes. A
// '%' without two hex digits stays as it is. Returns the length.
size_t redis_url_decode(Str text, char *out);

#endif
