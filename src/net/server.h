// The HTTP server, over civetweb. Plain HTTP: a proxy in front terminates TLS.
#ifndef WEMOON_NET_SERVER_H
#define WEMOON_NET_SERVER_H

#include "base/err.h"
#include "base/pairs.h"
#include "net/loop.h"

typedef struct Server Server;

typedef struct {
  Str method, path, query;  // path as sent, not decoded; query without '?'
  int64_t content_length;   // -1 if none was given
  bool chunked;             // the body came in chunks; `body` holds it whole
  Str body;                 // valid in HttpRoute.handle only
  // Monotonic: when its first byte was received, even if it waited for a thread; for a connection's first request, when
  // the connection was accepted.
  int64_t received_us;
} HttpRequest;

// The first header of that name, without regard to case; empty if there is none.
Str server_header(const HttpRequest *request, const char *name);
// The address of the client, as text: behind the proxies of ServerOptions.trusted_proxies, the one that X-Forwarded-For
// names. Valid as long as the request.
const char *server_remote(const HttpRequest *request);
// All headers, in order; at most 64.
size_t server_headers(const HttpRequest *request, Pair *out, size_t max);

typedef struct {
  int status;
  Str content_type;  // if empty: text/plain; charset=utf-8
  Str body;
  const char *extra_headers;  // whole "Name: value\r\n" lines, written unchecked; or NULL
  bool close;                 // the connection ends with this answer
  bool no_answer;  // close the connection without a byte, so that the platform tries again
} HttpResponse;

// Answers with head and body in one write, and with Content-Length. Once per request (a second call does nothing),
// before HttpRoute.handle returns: on its thread, or on a thread that it waits for. What the client does not take at
// once is sent by ServerOptions.loop, and the connection ends with it; so does one with an answer for which the kernel
// has no room at first, mostly of over 50 KB.
void server_respond(HttpRequest *request, const HttpResponse *response);

// Answers with a status and its name. `headers`: as extra_headers.
void server_respond_status(HttpRequest *request, int status, const char *headers);
// The same, and logs the reason.
void server_refuse(HttpRequest *request, int status, const char *headers, const char *why);

// Ends the connection of a request whose HttpRoute.handle does not return, on another thread. Its client reads the end;
// the request stays the handler's.
void server_hang_up(HttpRequest *request);

// A connection that left its thread and waits for its answer (parked.h).
typedef struct Parked Parked;

// Parks the connection. Instead of server_respond, on the thread of HttpRoute.handle, which is free once that returns;
// the connection ends with its answer. NULL without memory or descriptors, or if it was answered already: nothing was
// changed. It may outlive the server.
Parked *server_park(HttpRequest *request);

// What to do with a request whose head was read, before its body is.
typedef struct {
  int status;         // 0: go on to `handle`; else answer with this status at once
  const char *allow;  // for 405: the value of the Allow header
  size_t max_body;    // for `handle`: a larger body is answered with 413
  bool needs_body;    // a request with neither Content-Length nor chunks is answered with 411
  // Answers the request with server_respond, or parks it; else the client gets 500. On an HTTP thread, many at
  // once.
  void (*handle)(void *ctx, HttpRequest *request);
  void *ctx;
  // If not NULL: called instead of `handle`, before the answer, for a request that is refused for its method or its
  // body. For counting.
  void (*refused)(void *ctx, const HttpRequest *request);
  // If not NULL: called once on the same thread when the request is over, after `handle` or instead of it.
  void (*over)(void *ctx);
  void *over_ctx;
} HttpRoute;

// Decides by the head how a request is handled. Called on HTTP threads, many at once; must be quick. *route is all
// zero.
typedef struct {
  void (*route)(void *ctx, const HttpRequest *head, HttpRoute *route);
  void *ctx;
} HttpHandler;

typedef struct {
  Str listen;  // "ADDRESS:PORT", "PORT", "[::1]:PORT"; a bare port means 127.0.0.1; port 0: any free one
  int inherited;  // a listening socket that is served instead of `listen`; 0: none
  int threads;    // HTTP threads, each for one connection at a time
  // Threads may be bound to a core each while others compete for the cores, and so may programs that the handler
  // starts. False: none are.
  bool may_bind;
  // How long a connection may be silent at first, counted from when it was accepted; then how long a head may take, and
  // its body, counted from when a thread took the connection; of later requests on it, from the first byte of the head,
  // and from its end (5000).
  int head_timeout_ms;
  int keep_alive_ms;  // idle connections stay open for this long while threads are free (75000)
  // Sends what clients do not take at once, so that slow ones hold no thread (parked_respond says for how long);
  // outlives the server. NULL: the request's thread does, and is held as long.
  Loop *loop;
  Str trusted_proxies;  // addresses and CIDR blocks with commas between; empty: none
} ServerOptions;

// Whether `list` is valid for trusted_proxies; ERR_USAGE names the invalid entry.
bool server_check_proxies(Str list, Err *err);
// Starts serving. The handler's ctx outlives the server. NULL with ERR_USAGE (bad address, bad trusted_proxies) or
// ERR_FAILED (the port is taken: the error says how to find the process; fewer threads than asked for; thread stacks
// under 512 KiB).
Server *server_start(const ServerOptions *options, const HttpHandler *handler, Err *err);
int server_port(const Server *server);
const char *server_address(const Server *server);  // "127.0.0.1:8080", as it is bound
// How many HTTP threads have a connection, and how many there are. Those that serve new connections are counted too,
// but never more than there are.
void server_load(const Server *server, int *busy, int *threads);
// Stops accepting, and lets requests under way finish, 10 s at most. Its address and load stay available.
void server_stop(Server *server);
// Stops it if necessary, and frees it; not what a handler that still does not return uses. NULL is allowed.
void server_free(Server *server);

#endif
