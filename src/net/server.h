// The HTTP server, over civetweb: one place that knows its options and its traps. Plain HTTP; a proxy in
// front ends HTTPS.
#ifndef WEMOON_NET_SERVER_H
#define WEMOON_NET_SERVER_H

#include "base/err.h"
#include "base/pairs.h"

typedef struct Server Server;

typedef struct {
  Str method, path, query;  // path as sent, not decoded; query without '?'
  int64_t content_length;   // -1 if none was given
  bool chunked;             // the body comes in chunks; it is whole in `body` all the same
  Str body;                 // valid in HttpRoute.handle only
  // Monotonic: when its first byte came, however long it waited for a thread; for a connection's first request,
  // when the connection was accepted.
  int64_t received_us;
} HttpRequest;

// The first header of that name (no case), empty without it.
Str server_header(const HttpRequest *request, const char *name);
// The address of the other side, as text: behind proxies that ServerOptions.trusted_proxies has, the one that
// X-Forwarded-For names. Valid while the request is.
const char *server_remote(const HttpRequest *request);
// All headers, in order; at most 64.
size_t server_headers(const HttpRequest *request, Pair *out, size_t max);

typedef struct {
  int status;
  const char *content_type;  // NULL: text/plain; charset=utf-8
  Str body;
  const char *extra_headers;  // whole "Name: value\r\n" lines or NULL; the caller vouches for them
  bool close;                 // the connection ends with this answer
  bool no_answer;             // close the connection without a byte: the platform will try again
} HttpResponse;

// Writes the whole answer, head and body in one write, with Content-Length. Once per request (a second one is
// dropped), while HttpRoute.handle has not returned: on its thread, or on another one that it waits for.
void server_respond(HttpRequest *request, const HttpResponse *response);

// Answers with a status and its name alone. `headers`: as extra_headers.
void server_respond_status(HttpRequest *request, int status, const char *headers);
// The same, and one line of the log says why.
void server_refuse(HttpRequest *request, int status, const char *headers, const char *why);

// Writes the head of an answer that ends with its connection, and `response->body` as its beginning. In place
// of server_respond.
void server_begin(HttpRequest *request, const HttpResponse *response);
// Goes on with it; on the thread of HttpRoute.handle alone. False when the other side is gone or takes nothing for
// as long as a request may take to come, or when the server is about to stop; then HttpRoute.handle should
// return.
bool server_write(HttpRequest *request, Str bytes);
bool server_is_stopping(const HttpRequest *request);

// A connection that was taken from its thread, and waits for its answer without one (parked.h).
typedef struct Parked Parked;

// In place of server_respond, on the thread of HttpRoute.handle: the thread is free as soon as that returns, and
// the connection ends with its answer. NULL without memory or descriptors, or when it was answered already:
// nothing has happened. It may outlive the server.
Parked *server_park(HttpRequest *request);

// What is to be done with a request whose head is known and whose body is not yet read.
typedef struct {
  int status;         // 0: go on to `handle`; else answer with this status at once
  const char *allow;  // for 405: the value of the Allow header
  size_t max_body;    // for `handle`: a larger body is answered with 413
  bool needs_body;    // a request with neither Content-Length nor chunks is answered with 411
  // Answers the request, with one server_respond or server_begin; 500 is answered for one that does not.
  // On an HTTP thread, many at once.
  void (*handle)(void *ctx, HttpRequest *request);
  void *ctx;
  // If not NULL: called once on the same thread when the request is over, after `handle` or instead of it.
  void (*over)(void *ctx);
  void *over_ctx;
} HttpRoute;

// Decides by the head alone what a request comes to. Called on an HTTP thread, many at once; must be quick.
// *route is all zero.
typedef struct {
  void (*route)(void *ctx, const HttpRequest *head, HttpRoute *route);
  void *ctx;
} HttpHandler;

typedef struct {
  Str listen;  // "ADDRESS:PORT", "PORT", "[::1]:PORT"; a bare port means 127.0.0.1; port 0: any free one
  int inherited;        // a listening socket that is served instead of `listen`; 0: none
  int threads;          // HTTP threads, each for one connection at a time
  int head_timeout_ms;  // head and body must be there within this (5000)
  int keep_alive_ms;    // idle connections stay open for this long while threads are free (75000)
  Str trusted_proxies;  // addresses and CIDR blocks with commas between; empty: none
} ServerOptions;

// Whether `list` can stand in trusted_proxies; ERR_USAGE names the entry that cannot.
bool server_check_proxies(Str list, Err *err);
// Starts serving; NULL with ERR_USAGE (bad address, bad trusted_proxies), ERR_FAILED (port taken: says by what means to see who
// has it; fewer threads than asked for; threads that got a stack under 512 KiB). The handler's ctx must
// outlive the server.
Server *server_start(const ServerOptions *options, const HttpHandler *handler, Err *err);
int server_port(const Server *server);
const char *server_address(const Server *server);  // "127.0.0.1:8080", as it is bound
// How many HTTP threads have a connection now, and how many there are.
void server_load(const Server *server, int *busy, int *threads);
// Stops accepting, lets requests under way finish (10 s at most). Its address and load can be asked for until
// it is freed.
void server_stop(Server *server);
// Ends it where it has not ended, and frees it. NULL is allowed.
void server_free(Server *server);

#endif
