// The URL of a Redis, taken apart.
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

// Slices of the URL. User and password are percent-encoded, as they stand there.
typedef struct {
  RedisKind kind;
  Str user, password;  // empty if there is none; there may be a password alone, but no user alone
  Str hosts;           // for redis_url_next_host; empty for REDIS_SOCKET
  Str path;            // REDIS_SOCKET
  Str master;          // REDIS_SENTINEL
  int db;
} RedisUrl;

extern const char *const redis_url_forms[];  // NULL at the end

// The last '@' ends the password, so it may hold any other byte as it is. ERR_USAGE if it is no such URL; no
// part of it is in the text, since what looks like a port may be a password whose '@' is missing.
bool redis_url_parse(Str url, RedisUrl *out, Err *err);
// Takes the next HOST[:PORT] from `hosts`; an IPv6 host comes without its brackets, and without a port
// *port stays. False at the end, or if it is none.
bool redis_url_next_host(Str *hosts, Str *host, int *port);
// Writes `text` with its percent-encoded bytes decoded, and a NUL; `out` has room for text.len + 1 bytes. A
// '%' without two hex digits stays as it is. Returns the length.
size_t redis_url_decode(Str text, char *out);

#endif
