// What stands between civetweb and a handler: a request and its body, its answer, and the server's life.
#include "net/server.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/core_pool.h"
#include "net/civetweb.h"
#include "net/status.h"

enum {
  KEEP_MAX = 64 * 1024,  // bytes of a buffer that is kept for the next request
  STATUS_UNANSWERED = 499,
  BACKLOG = 4096,
  DRAIN_MS = 10000,  // how long requests under way may take when the server stops
};

struct Server {
  Civetweb *civetweb;
  HttpHandler handler;
  Connections *connections;
  Listener listener;
  int threads;
  bool serving, ended;
  atomic_bool stopping;
  CorePool buffers;
};

// What a request is read into and answered from. Hundreds of threads that each kept their own would keep as
// many, all of them cold.
typedef struct {
  Pooled pooled;  // first
  Buf body, out;
} Buffers;

// A request with what its answer needs; the handler sees the request alone.
typedef struct {
  HttpRequest request;  // first
  const CivetwebRequest *head;
  CivetwebConnection *conn;
  Server *server;
  Buffers *buffers;
  Connection *connection;
  Str asks;      // what its Connection header says
  bool expects;  // it waits for "100 Continue" before it sends its body
  bool last;     // the connection ends with this answer
  int status;    // 0: not answered yet
} Exchange;

// ---- requests -----------------------------------------------------------------------------------

static const Exchange *exchange_of(const HttpRequest *request) { return (const Exchange *)request; }

Str server_header(const HttpRequest *request, const char *name) {
  return str_of(civetweb_header(exchange_of(request)->conn, name));
}

const char *server_remote(const HttpRequest *request) {
  const char *address = exchange_of(request)->head->remote;
  return address[0] ? address : "an IPv6 address";
}

size_t server_headers(const HttpRequest *request, Pair *out, size_t max) {
  return civetweb_headers(exchange_of(request)->conn, out, max);
}

// ---- answers ------------------------------------------------------------------------------------

static bool wants_keep_alive(const Exchange *x) {
  if (str_eq_nocase(x->asks, STR("close"))) return false;
  return strcmp(x->head->version, "1.1") == 0 || str_eq_nocase(x->asks, STR("keep-alive"));
}

// These answers end with their head, and a length would be taken for that of a body to come.
static bool has_body(int status) { return status != 204 && status != 304; }

// Of a streamed answer nobody knows the length: it ends with the connection.
static void add_head(Buf *out, const HttpResponse *response, bool keep_alive, bool streamed) {
  const char *type = response->content_type ? response->content_type : "text/plain; charset=utf-8";
  buf_add(out, STR("HTTP/1.1 "));
  buf_add_int(out, response->status);
  buf_addc(out, ' ');
  buf_add(out, str_of(status_reason(response->status)));
  if (has_body(response->status)) {
    buf_add(out, STR("\r\nContent-Type: "));
    buf_add(out, str_of(type));
    if (!streamed) {
      buf_add(out, STR("\r\nContent-Length: "));
      buf_add_int(out, (int64_t)response->body.len);
    }
  }
  buf_add(out, STR("\r\nX-Content-Type-Options: nosniff\r\n"));
  if (response->extra_headers) buf_add(out, str_of(response->extra_headers));
  if (!keep_alive) buf_add(out, STR("Connection: close\r\n"));
  buf_add(out, STR("\r\n"));
}

void server_respond(HttpRequest *request, const HttpResponse *response) {
  Exchange *x = (Exchange *)request;
  if (x->status) return;
  Buf *out = &x->buffers->out;
  buf_reset(out);
  bool keep_alive = !x->last && !response->close && !response->no_answer && wants_keep_alive(x) &&
                    !connection_should_close(x->connection);
  if (!keep_alive) civetweb_end(x->conn);
  x->status = response->no_answer ? STATUS_UNANSWERED : response->status;
  if (response->no_answer) return;
  add_head(out, response, keep_alive, false);
  if (has_body(response->status) && !str_eq(request->method, STR("HEAD")))
    buf_add(out, response->body);
  if (!out->failed) civetweb_write(x->conn, out->ptr, out->len);
  else civetweb_end(x->conn);
}

void server_begin(HttpRequest *request, const HttpResponse *response) {
  Exchange *x = (Exchange *)request;
  if (x->status) return;
  x->status = response->status;
  civetweb_end(x->conn);
  Buf *out = &x->buffers->out;
  buf_reset(out);
  add_head(out, response, false, true);
  if (!str_eq(request->method, STR("HEAD"))) buf_add(out, response->body);
  if (!out->failed) civetweb_write(x->conn, out->ptr, out->len);
}

bool server_is_stopping(const HttpRequest *request) {
  return atomic_load_explicit(&exchange_of(request)->server->stopping, memory_order_relaxed);
}

bool server_write(HttpRequest *request, Str bytes) {
  return !server_is_stopping(request) &&
         civetweb_write(exchange_of(request)->conn, bytes.ptr, bytes.len);
}

void server_respond_status(HttpRequest *request, int status, const char *headers) {
  char body[64];
  int len = snprintf(body, sizeof body, "%d %s\n", status, status_reason(status));
  server_respond(request, &(HttpResponse){ .status = status,
                                           .body = str_make(body, (size_t)len),
                                           .extra_headers = headers });
}

void server_refuse(HttpRequest *request, int status, const char *headers, const char *why) {
  log_warn("refused %.*s %.*s from %s with %d: %s", STR_FMT(request->method),
           STR_FMT(request->path), server_remote(request), status, why);
  server_respond_status(request, status, headers);
}

// What the client goes on sending is not read, so the connection ends.
static void refuse_by_head(Exchange *x, int status, const char *allow) {
  char headers[160] = "";
  if (allow) snprintf(headers, sizeof headers, "Allow: %s\r\n", allow);
  x->last = true;
  server_refuse(&x->request, status, headers, status_reason(status));
}

// ---- one request --------------------------------------------------------------------------------

static bool read_body(Exchange *x) {
  Buf *body = &x->buffers->body;
  size_t wanted = (size_t)x->request.content_length;
  buf_reset(body);
  if (!buf_reserve(body, wanted)) return false;
  connection_reads_body(x->connection);
  if (wanted && x->expects) civetweb_write(x->conn, "HTTP/1.1 100 Continue\r\n\r\n", 25);
  while (body->len < wanted) {
    int n = civetweb_read(x->conn, body->ptr + body->len, wanted - body->len);
    if (n <= 0) return false;
    body->len += (size_t)n;
  }
  body->ptr[wanted] = '\0';
  x->request.body = buf_str(body);
  return true;
}

static bool is_length(Str text) {
  for (size_t i = 0; i < text.len; i++) {
    if (text.ptr[i] < '0' || text.ptr[i] > '9') return false;
  }
  return text.len > 0;
}

static void note_header(Exchange *x, Str name, Str value, int *lengths) {
  switch (name.len) {
    case 6:
      if (str_eq_nocase(name, STR("Expect")))
        x->expects = str_eq_nocase(value, STR("100-continue"));
      break;
    case 10:
      if (str_eq_nocase(name, STR("Connection")) && !x->asks.ptr) x->asks = value;
      break;
    case 14:
      if (str_eq_nocase(name, STR("Content-Length"))) *lengths += is_length(value) ? 1 : 2;
      break;
    case 17:
      if (str_eq_nocase(name, STR("Transfer-Encoding"))) x->request.chunked = true;
      break;
  }
}

// civetweb takes the first of several lengths, digits up to whatever follows them, and no more headers than
// it has room for: a proxy in front may have understood another end of the body, and what follows ours would
// be a request that nobody sent.
static int read_headers(Exchange *x) {
  Pair headers[CIVETWEB_HEADERS_MAX];
  size_t count = civetweb_headers(x->conn, headers, CIVETWEB_HEADERS_MAX);
  int lengths = 0;
  if (count == CIVETWEB_HEADERS_MAX) return 431;
  for (size_t i = 0; i < count; i++) note_header(x, headers[i].name, headers[i].value, &lengths);
  return lengths > 1 ? 400 : 0;
}

static int status_by_head(const HttpRequest *head, const HttpRoute *route) {
  if (route->status) return route->status;
  if (!route->needs_body) return 0;
  if (head->chunked || head->content_length < 0) return 411;
  return (uint64_t)head->content_length > route->max_body ? 413 : 0;
}

static void serve_route(Exchange *x, const HttpRoute *route) {
  int status = status_by_head(&x->request, route);
  if (status) return refuse_by_head(x, status, route->allow);
  // A body that nobody asked for would be taken for the next request.
  if (!route->needs_body && (x->request.content_length > 0 || x->request.chunked)) x->last = true;
  if (route->needs_body && !read_body(x)) {
    x->last = true;
    return server_refuse(&x->request, 408, NULL, "its body did not come whole");
  }
  connection_handles(x->connection);
  route->handle(route->ctx, &x->request);
  if (!x->status) server_refuse(&x->request, 500, NULL, "its handler gave no answer");
}

static void serve(Exchange *x) {
  HttpRoute route = { 0 };
  int status = read_headers(x);
  if (status) return refuse_by_head(x, status, NULL);
  x->server->handler.route(x->server->handler.ctx, &x->request, &route);
  serve_route(x, &route);
  if (route.over) route.over(route.over_ctx);
}

static Buffers *take_buffers(Server *server) {
  Pooled *buffers = core_pool_take(&server->buffers);
  return buffers ? (Buffers *)buffers : calloc(1, sizeof(Buffers));
}

static void keep_small(Buf *buf) {
  if (buf->cap > KEEP_MAX || buf->failed) buf_clear(buf);
}

static void put_buffers(Server *server, Buffers *buffers) {
  keep_small(&buffers->body);
  keep_small(&buffers->out);
  core_pool_put(&server->buffers, &buffers->pooled, SIZE_MAX);
}

static void free_buffers(Server *server) {
  for (Buffers *buffers; (buffers = (Buffers *)core_pool_take(&server->buffers));) {
    buf_clear(&buffers->body);
    buf_clear(&buffers->out);
    free(buffers);
  }
  core_pool_clear(&server->buffers);
}

static int on_request(void *ctx, CivetwebConnection *conn, const CivetwebRequest *head) {
  Exchange x = {
    .request = { .method = str_of(head->method),
                 .path = str_of(head->path),
                 .query = str_of(head->query),
                 .content_length = head->content_length,
                 .received_us = clock_now_us() },
    .head = head,
    .conn = conn,
    .server = ctx,
    .buffers = take_buffers(ctx),
    .connection = head->connection,
  };
  bool again = connection_comes(x.connection, x.request.received_us);
  if (!x.buffers) return STATUS_UNANSWERED;
  serve(&x);
  put_buffers(x.server, x.buffers);
  connection_waits(x.connection);
  if (again) connection_steps_aside(x.connection);
  return x.status;
}

// ---- life ---------------------------------------------------------------------------------------

static bool start(Server *server, const ServerOptions *options, Err *err) {
  CivetwebOptions civetweb = { .threads = options->threads,
                               .head_timeout_ms = options->head_timeout_ms,
                               .keep_alive_ms = options->keep_alive_ms,
                               .connections = server->connections,
                               .listener = &server->listener,
                               .serve = on_request,
                               .ctx = server };
  server->civetweb = civetweb_new(&civetweb);
  if (!server->civetweb) return err_set(err, ERR_MEMORY, "no memory");
  if (!listener_open(&server->listener, options->listen, BACKLOG, err) ||
      !civetweb_start(server->civetweb, err))
    return false;
  connections_serve(server->connections, server->listener.port);
  return true;
}

Server *server_start(const ServerOptions *options, const HttpHandler *handler, Err *err) {
  Server *server = calloc(1, sizeof *server);
  if (server) server->connections = connections_new(options->threads, options->head_timeout_ms);
  if (!server || !server->connections) {
    free(server);
    err_set(err, ERR_MEMORY, "no memory for %d HTTP threads", options->threads);
    return NULL;
  }
  core_pool_init(&server->buffers);
  server->handler = *handler;
  server->threads = options->threads;
  server->listener.fd = -1;
  server->serving = start(server, options, err);
  if (server->serving) return server;
  server_free(server);
  return NULL;
}

int server_port(const Server *server) { return server->listener.port; }

const char *server_address(const Server *server) { return server->listener.address; }

void server_load(const Server *server, int *busy, int *threads) {
  *busy = connections_busy(server->connections);
  *threads = server->threads;
}

// civetweb writes and reads nothing more once it is told to stop, so that comes last.
void server_stop(Server *server) {
  if (server->ended) return;
  server->ended = true;
  atomic_store(&server->stopping, true);
  if (server->serving) {
    listener_quiet(&server->listener);
    connections_drain(server->connections, DRAIN_MS);
    listener_end(&server->listener);
  } else if (server->listener.fd >= 0) {
    close(server->listener.fd);
  }
  if (server->civetweb) civetweb_stop(server->civetweb);
}

void server_free(Server *server) {
  if (!server) return;
  server_stop(server);
  if (!civetweb_free(server->civetweb)) return;  // its threads use all of it
  connections_free(server->connections);
  free_buffers(server);
  free(server);
}
