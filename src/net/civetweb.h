// libcivetweb: its options, its callbacks and its traps. No other file includes <civetweb.h>. Inside net/
// only.
#ifndef WEMOON_NET_CIVETWEB_H
#define WEMOON_NET_CIVETWEB_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/pairs.h"
#include "net/connections.h"
#include "net/listener.h"

typedef struct Civetweb Civetweb;
typedef struct mg_connection CivetwebConnection;  // of one thread at a time

// A request whose head has been read. What it points to is valid until `serve` returns.
typedef struct {
  const char *method, *path, *query;  // path as sent, not decoded; query without '?', or NULL
  const char *version;                // "1.0", "1.1"
  const char *remote;                 // the other side's address, or "" if it is an IPv6 one
  int remote_port;
  int64_t content_length;  // -1 if none was given
  Connection *connection;
} CivetwebRequest;

typedef struct {
  int threads, head_timeout_ms, keep_alive_ms;
  Connections *connections;  // told of every connection that is opened or closed
  Listener *listener;        // open; it takes the place of civetweb's own
  // On an HTTP thread. Returns the status that was answered.
  int (*serve)(void *ctx, CivetwebConnection *conn, const CivetwebRequest *request);
  void *ctx;
} CivetwebOptions;

// What the options point to outlives it. NULL without memory.
Civetweb *civetweb_new(const CivetwebOptions *options);
// Starts all threads; ERR_FAILED says what the system has refused.
bool civetweb_start(Civetweb *civetweb, Err *err);
// Ends all threads. Nothing is written or read from the moment it is called, so requests under way have to
// be finished before.
void civetweb_stop(Civetweb *civetweb);
// Stops and frees it. False if its threads cannot be stopped: they run on, and use what the options point
// to. NULL is allowed.
bool civetweb_free(Civetweb *civetweb);

// The first header of that name (no case), or NULL.
const char *civetweb_header(const CivetwebConnection *conn, const char *name);
// How many headers the request has. civetweb drops those past CIVETWEB_HEADERS_MAX unsaid.
enum { CIVETWEB_HEADERS_MAX = 64 };
size_t civetweb_headers(const CivetwebConnection *conn, Pair *out, size_t max);
// Up to `len` bytes of the body: how many came, 0 or less if none did.
int civetweb_read(CivetwebConnection *conn, void *out, size_t len);
// False if the other side did not take all of it.
bool civetweb_write(CivetwebConnection *conn, const void *bytes, size_t len);
// The connection ends with this request.
void civetweb_end(CivetwebConnection *conn);

#endif
