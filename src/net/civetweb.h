// The adapter to libcivetweb: its options, callbacks and pitfalls. No other file includes <civetweb.h>.
#ifndef WEMOON_NET_CIVETWEB_H
#define WEMOON_NET_CIVETWEB_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "net/accepted.h"
#include "net/connections.h"
#include "net/forwarded.h"
#include "net/head.h"
#include "net/listener.h"

typedef struct Civetweb Civetweb;
typedef struct CivetwebConnection CivetwebConnection;  // of a request, on its thread

// A request whose head has been read. What it points to is valid until `serve` returns.
typedef struct {
  HeadLines lines;
  const char *path, *query;  // path as sent, not decoded; query without '?', or NULL
  const char *fault;         // why the head is refused, one clause; or NULL
  bool is_last;        // the bytes behind it cannot be read as a request: the connection must end
  bool is_chunked;     // the body is in chunks
  bool hides_body;     // read the body with wire_read, not civetweb_read
  int64_t arrived_us;  // since when the client waits (monotonic): wire_arrived_us
  int64_t came_us;     // when the first byte was received
  Connection *connection;
} CivetwebRequest;

typedef struct {
  int threads, head_timeout_ms, keep_alive_ms;
  bool may_bind;             // as in ServerOptions
  Connections *connections;  // notified of every connection that opens or closes
  Listener *listener;        // open
  TrustedProxies trusted;
  // On an HTTP thread. Returns the status that was answered.
  int (*serve)(void *ctx, CivetwebConnection *conn, const CivetwebRequest *request);
  void *ctx;
} CivetwebOptions;

// Everything that the options point to outlives it. NULL without memory.
Civetweb *civetweb_new(const CivetwebOptions *options);
// Starts all threads; ERR_FAILED says what the system refused.
bool civetweb_start(Civetweb *civetweb, Err *err);
// Ends all threads. Finish the requests under way before: it stops all reading and writing at once.
void civetweb_stop(Civetweb *civetweb);
// Accepts no connection any more. Close a listener that is not shared at once: who connects meanwhile is reset.
void civetweb_quiet(Civetweb *civetweb);
// Stops and frees it. False if its threads cannot be stopped, or `serve` does not return on one of them: they run on
// and use what the options point to. NULL is allowed.
bool civetweb_free(Civetweb *civetweb);

// civetweb silently drops headers past CIVETWEB_HEADERS_MAX.
enum { CIVETWEB_HEADERS_MAX = 64 };
// What ended so much before its time was not cut short by the client: civetweb's timeouts, and the clock of who ends a
// connection that is late, are that coarse.
enum { CIVETWEB_COARSE_MS = 50 };
// Reads up to `len` bytes of the body; returns how many, or 0 or less at the end.
int civetweb_read(CivetwebConnection *conn, void *out, size_t len);
// Writes what the client takes at once; returns how many bytes, or -1 if the connection is broken. On any thread.
int64_t civetweb_send(CivetwebConnection *conn, const void *bytes, size_t len);
// How many bytes the client is sure to take at once.
int64_t civetweb_room(const CivetwebConnection *conn);
// Whether the server itself ended the reading.
Cut civetweb_why_cut(const CivetwebConnection *conn);
// Waits until the client has taken all of it. False if it does not.
bool civetweb_write(CivetwebConnection *conn, const void *bytes, size_t len);
// The address of the client (net/forwarded), in `out`.
const char *civetweb_remote(const CivetwebConnection *conn, char out[FORWARDED_TEXT_MAX]);
// Says whether to keep the connection after this request. Call it before `serve` returns: civetweb itself would go by
// the Connection header, and silently close if that names anything but keep-alive.
void civetweb_keep(CivetwebConnection *conn, bool keep);
// Ends the connection while its request is served, on any thread: what is written from now on goes nowhere.
void civetweb_hang_up(CivetwebConnection *conn);
// Detaches the connection (wire_take_away); civetweb takes the request for answered: do not read or write here any
// more. Returns the connection's descriptor, or -1 if the process has none left.
int civetweb_take(CivetwebConnection *conn, int stand_in);

#endif
