// Parses the URL of a Redis.
#ifndef WEMOON_STORE_REDIS_URL_H
#define WEMOON_STORE_REDIS_URL_H

#include "base/err.h"
#include "base/str.h"

typedef enum {
  REDIS_PLAIN,     // redis://[[USER]:PASSWORD@]HOST[:PORT][/DB]
  REDIS_TLS,       // rediss://, the same
  REDIS_SOCKET,    // redis+unix:PATH
  REDIS_SENTINEL,  // redis+sentinel://[[USER]:PASSWORD@]HOST[:PORT][,HOST[:PORT]...]/MASTER[/DB]
} RedisKind;

enum { REDIS_DB_MAX = 1 << 20 };

// Slices of the URL. User and password are still percent-encoded.
typedef struct {
  RedisKind kind;
  Str user,
      password;  // empty if absent; a password without a user is allowed, a user without a password is not
  Str hosts;   // for redis_url_next_host; empty for REDIS_SOCKET
  Str path;    // REDIS_SOCKET
  Str master;  // REDIS_SENTINEL
  int db;
} RedisUrl;

extern const char *const redis_url_forms[];  // NULL at the end

// The last '@' ends the password, which may hold any other byte unencoded. ERR_USAGE if the URL is invalid, without any
// part of it: what looks like a port may be a password whose '@' is missing.
bool redis_url_parse(Str url, RedisUrl *out, Err *err);
// Takes the next HOST[:PORT] from `hosts`. An IPv6 host loses its brackets; without a port *port is unchanged. False at
// the end, or if it is invalid.
bool redis_url_next_host(Str *hosts, Str *host, int *port);
// Percent-decodes `text` into `out`, which has room for text.len + 1 bytes, and adds a NUL. A '%' without two hex
// digits stays. Returns the length.
size_t redis_url_decode(Str text, char *out);

#endif
