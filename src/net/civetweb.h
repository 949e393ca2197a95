// libcivetweb: its options, its callbacks and its traps. No other file includes <civetweb.h>. Inside net/
// only.
#ifndef WEMOON_NET_CIVETWEB_H
#define WEMOON_NET_CIVETWEB_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "net/connections.h"
#include "net/forwarded.h"
#include "net/head.h"
#include "net/listener.h"

typedef struct Civetweb Civetweb;
typedef struct mg_connection CivetwebConnection;  // of one thread at a time

// A request whose head has been read. What it points to is valid until `serve` returns.
typedef struct {
  HeadLines lines;
  const char *path, *query;  // path as sent, not decoded; query without '?', or NULL
  const char *fault;         // why the head cannot be believed, a clause; or NULL
  bool is_last;     // what came behind it cannot be taken for a request: the connection has to end
  bool is_chunked;  // the body is to be read with wire_read, and is in chunks
  int64_t arrived_us;  // from when on the other side waits (monotonic): wire_arrived_us
  int64_t came_us;     // when its first byte came
  Connection *connection;
} CivetwebRequest;

typedef struct {
  int threads, head_timeout_ms, keep_alive_ms;
  Connections *connections;  // told of every connection that is opened or closed
  Listener *listener;        // open; it takes the place of civetweb's own
  TrustedProxies trusted;
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

// civetweb drops headers past CIVETWEB_HEADERS_MAX unsaid.
enum { CIVETWEB_HEADERS_MAX = 64 };
// Up to `len` bytes of the body: how many came, 0 or less if none did.
int civetweb_read(CivetwebConnection *conn, void *out, size_t len);
// False if the other side did not take all of it.
bool civetweb_write(CivetwebConnection *conn, const void *bytes, size_t len);
// The address of the other side (net/forwarded), in `out`.
const char *civetweb_remote(const CivetwebConnection *conn, char out[FORWARDED_TEXT_MAX]);
// Whether the connection ends with this request. Before `serve` returns; civetweb would decide by the
// Connection header, and closes without a word if that names anything but keep-alive.
void civetweb_keep(CivetwebConnection *conn, bool keep);
// Takes the connection from civetweb (wire_take_away), which thinks that the request was answered: nothing
// may be read or written here any more. -1 if there is no descriptor for it.
int civetweb_take(CivetwebConnection *conn, int stand_in);

#endif
