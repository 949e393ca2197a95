// TLS to a Redis, without a socket: bytes in, bytes out. The one file of store/ that sees OpenSSL.
#ifndef WEMOON_STORE_REDIS_TLS_H
#define WEMOON_STORE_REDIS_TLS_H

#include "base/buf.h"
#include "base/err.h"

typedef struct RedisTls RedisTls;

typedef enum {
  REDIS_TLS_DONE,    // as much as there was
  REDIS_TLS_MORE,    // it needs more bytes of the other side
  REDIS_TLS_CLOSED,  // the other side said that it is at its end
  REDIS_TLS_FAILED,  // redis_tls_why
} RedisTlsResult;

// `host` is what the certificate must name; `ca_file` (NULL: the system's) holds the certificates to trust.
// NULL if that cannot be read, or without memory.
RedisTls *redis_tls_new(const char *host, const char *ca_file, Err *err);
void redis_tls_free(RedisTls *tls);  // NULL is allowed

// Bytes that came from the other side. False without memory.
bool redis_tls_feed(RedisTls *tls, Str bytes);
// Goes on with the handshake. Bytes to send, here and below, are appended to `out`.
RedisTlsResult redis_tls_greet(RedisTls *tls, Buf *out);
RedisTlsResult redis_tls_write(RedisTls *tls, Str plain, Buf *out);
// Reads up to `size` bytes of what was fed into `into`.
RedisTlsResult redis_tls_read(RedisTls *tls, char *into, size_t size, size_t *got, Buf *out);
// Why it failed, for people: a certificate that is not trusted, a server without TLS.
void redis_tls_why(RedisTls *tls, char *text, size_t size);

#endif
