// TLS to a Redis, without a socket: bytes in, bytes out. The only user of OpenSSL in store/.
#ifndef WEMOON_STORE_REDIS_TLS_H
#define WEMOON_STORE_REDIS_TLS_H

#include "base/buf.h"
#include "base/err.h"

typedef struct RedisTls RedisTls;

typedef enum {
  REDIS_TLS_DONE,    // everything was processed
  REDIS_TLS_MORE,    // it needs more bytes from the peer
  REDIS_TLS_CLOSED,  // the peer closed the session
  REDIS_TLS_FAILED,  // see redis_tls_why
} RedisTlsResult;

// The certificate must name `host`; `ca_file` (NULL: the system's) holds the certificates to trust. NULL if it cannot
// be read, or without memory.
RedisTls *redis_tls_new(const char *host, const char *ca_file, Err *err);
void redis_tls_free(RedisTls *tls);  // NULL is allowed

// Takes bytes from the peer. False without memory.
bool redis_tls_feed(RedisTls *tls, Str bytes);
// Continues the handshake. This and the functions below append the bytes to send to `out`.
RedisTlsResult redis_tls_greet(RedisTls *tls, Buf *out);
RedisTlsResult redis_tls_write(RedisTls *tls, Str plain, Buf *out);
// Decrypts up to `size` bytes into `into`.
RedisTlsResult redis_tls_read(RedisTls *tls, char *into, size_t size, size_t *got, Buf *out);
// The reason of a failure, for people: an untrusted certificate, a server without TLS.
void redis_tls_why(RedisTls *tls, char *text, size_t size);

#endif
