// Connects civetweb to the handler: reads requests and bodies, writes answers, starts and stops the server.
#include "net/server.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/core_pool.h"
#include "net/answer.h"
#include "net/chunks.h"
#include "net/civetweb.h"
#include "net/parked_new.h"
#include "net/status.h"
#include "net/wire.h"

enum {
  KEEP_MAX = 64 * 1024,  // a larger buffer is not kept for the next request
  STATUS_UNANSWERED = 499,
  STATUS_PARKED = 498,  // the answer comes later
  BACKLOG = 4096,
  // How much longer an idle connection stays open than announced to its client, so that a request sent at the last
  // moment finds it open.
  KEEP_ALIVE_SLACK_MS = 2000,
  LINGER_MS = 2000,      // how long the rest of a refused body is read
  PIECE = 16 * 1024,     // bytes of a chunked body per read
  HEAD_MOST = 2 * 1024,  // bytes of most answers' heads
  SMALL = 16 * 1024,     // a client that reads its answers has room for one of so many bytes
  DRAIN_MS = 10000,      // how long requests under way may take when the server stops
};

struct Server {
  Civetweb *civetweb;
  HttpHandler handler;
  Connections *connections;
  Listener listener;
  int stand_in;  // the descriptor that civetweb closes in place of a parked connection
  Loop *loop;    // or NULL
  int threads, body_timeout_ms;
  char keep_alive[64];  // headers of answers that keep the connection open
  bool serving, ended;
  CorePool buffers;
};

// The buffers for a request and its answer. They are pooled, because hundreds of threads with their own buffers would
// keep that many buffers out of the CPU's cache.
typedef struct {
  Pooled pooled;  // first
  Buf body, out;
} Buffers;

// A request with the data for its answer; the handler sees only the HttpRequest.
typedef struct {
  HttpRequest request;  // first
  const CivetwebRequest *from;
  Head head;
  CivetwebConnection *conn;
  Server *server;
  Buffers *buffers;
  Connection *connection;
  bool last;      // the connection closes after this answer
  bool ends;      // civetweb was told so
  bool unread;    // the client may still be sending a body that will not be read
  int status;     // 0: not answered yet
  bool has_rest;  // the client did not take all of the answer at once,
  size_t sent;    // but so many bytes
  char remote[FORWARDED_TEXT_MAX];
} Exchange;

// ---- requests -----------------------------------------------------------------------------------

static const Exchange *exchange_of(const HttpRequest *request) { return (const Exchange *)request; }

Str server_header(const HttpRequest *request, const char *name) {
  const HeadLines *lines = &exchange_of(request)->from->lines;
  Str wanted = str_of(name);
  for (size_t i = 0; i < lines->header_count; i++) {
    if (str_eq_nocase(lines->headers[i].name, wanted)) return lines->headers[i].value;
  }
  return str_make("", 0);
}

const char *server_remote(const HttpRequest *request) {
  Exchange *x = (Exchange *)request;
  return x->remote[0] ? x->remote : civetweb_remote(x->conn, x->remote);
}

size_t server_headers(const HttpRequest *request, Pair *out, size_t max) {
  const HeadLines *lines = &exchange_of(request)->from->lines;
  size_t count = lines->header_count < max ? lines->header_count : max;
  memcpy(out, lines->headers, count * sizeof *out);
  return count;
}

// ---- answers ------------------------------------------------------------------------------------

static bool sends_body(const Exchange *x, const HttpResponse *response) {
  return answer_has_body(response->status) && !str_eq(x->request.method, STR("HEAD"));
}

// A connection that leaves its thread for the rest of an answer ends with it. Its head has to say so.
static bool is_taken_at_once(const Exchange *x, const HttpResponse *response) {
  int64_t len = sends_body(x, response) ? (int64_t)response->body.len : 0;
  return len <= SMALL || civetweb_room(x->conn) > len + HEAD_MOST;
}

static bool stays_open(const Exchange *x, const HttpResponse *response) {
  return x->head.keeps && !x->last && !response->close && !response->no_answer &&
         !connection_should_close(x->connection) && is_taken_at_once(x, response);
}

static void write_out(Exchange *x) {
  const Buf *out = &x->buffers->out;
  int64_t sent = out->failed ? -1 : civetweb_send(x->conn, out->ptr, out->len);
  if (sent == (int64_t)out->len) return;
  x->has_rest = sent >= 0;
  x->sent = (size_t)sent;
  civetweb_keep(x->conn, false);
  x->ends = true;
}

// Returns the connection, without its thread; NULL without memory or descriptors: nothing was changed. On the request's
// thread.
static Parked *detach(Exchange *x) {
  Connections *connections = x->server->connections;
  Parked *parked = parked_new(connections, str_eq(x->request.method, STR("HEAD")));
  if (!parked) return NULL;
  connections_lock(connections);
  int fd = civetweb_take(x->conn, x->server->stand_in);
  if (fd >= 0) connections_park(connections, fd);
  connections_unlock(connections);
  return parked_take(parked, fd) ? parked : NULL;
}

// Without memory or descriptors for anything else this thread waits for the client.
static void send_rest(Exchange *x) {
  Buf *out = &x->buffers->out;
  Parked *parked = x->server->loop ? detach(x) : NULL;
  if (parked) parked_finish(parked, x->server->loop, out, x->sent);
  else civetweb_write(x->conn, out->ptr + x->sent, out->len - x->sent);
}

void server_respond(HttpRequest *request, const HttpResponse *response) {
  Exchange *x = (Exchange *)request;
  if (x->status) return;
  Buf *out = &x->buffers->out;
  buf_reset(out);
  bool keep = stays_open(x, response);
  if (!keep || x->head.keeps_unasked) civetweb_keep(x->conn, keep);
  x->ends = !keep;
  x->status = response->no_answer ? STATUS_UNANSWERED : response->status;
  if (response->no_answer) return;
  answer_add_head(out, response, keep ? str_of(x->server->keep_alive) : answer_closes, false);
  if (sends_body(x, response)) buf_add(out, response->body);
  write_out(x);
}

void server_hang_up(HttpRequest *request) { civetweb_hang_up(((Exchange *)request)->conn); }

Parked *server_park(HttpRequest *request) {
  Exchange *x = (Exchange *)request;
  Parked *parked = x->status ? NULL : detach(x);
  if (!parked) return NULL;
  x->status = STATUS_PARKED;
  x->ends = true;
  return parked;
}

void server_respond_status(HttpRequest *request, int status, const char *headers) {
  char body[ANSWER_STATUS_MAX];
  server_respond(request, &(HttpResponse){ .status = status,
                                           .body = answer_status(status, body),
                                           .extra_headers = headers });
}

void server_refuse(HttpRequest *request, int status, const char *headers, const char *why) {
  log_warn("refused %.*s %.*s from %s with %d: %s", STR_FMT(request->method),
           STR_FMT(request->path), server_remote(request), status, why);
  server_respond_status(request, status, headers);
}

// Refuses a request whose body is not read, so the connection closes after the answer.
static void refuse_unread(Exchange *x, int status, const char *allow, const char *why) {
  char headers[160] = "";
  if (allow) snprintf(headers, sizeof headers, "Allow: %s\r\n", allow);
  x->last = true;
  x->unread = true;
  server_refuse(&x->request, status, headers, why);
}

// ---- handling a request -------------------------------------------------------------------------

// The status and reason with which a faulty body is refused.
typedef struct {
  int status;  // STATUS_UNANSWERED: closed without a byte, because the platform takes any status for an answer
  const char *why;
} BodyFault;

static const BodyFault no_fault = { 0, NULL };
static const BodyFault no_memory = { STATUS_UNANSWERED, "no memory for its body" };

static int read_some(Exchange *x, void *out, size_t len) {
  return x->from->hides_body ? wire_read(out, len, x->server->body_timeout_ms)
                             : civetweb_read(x->conn, out, len);
}

static bool is_in_time(const Exchange *x, int64_t began_us) {
  return (clock_now_us() - began_us) / 1000 + CIVETWEB_COARSE_MS < x->server->body_timeout_ms;
}

// Why a body that began to be read at `began_us` has ended too early.
static BodyFault early_end(const Exchange *x, int64_t began_us) {
  Cut cut = civetweb_why_cut(x->conn);
  if (cut == CUT_FOR_OTHERS)
    return (BodyFault){ 408, "its body came slowly, and others waited for a thread" };
  if (cut == CUT_TO_CLOSE) return (BodyFault){ 408, "the server was closing its connection" };
  if (cut == CUT_NOT && is_in_time(x, began_us))
    return (BodyFault){ 408, "its connection ended within its body" };
  return (BodyFault){ 408, "its body was not complete in time" };
}

static BodyFault read_plain(Exchange *x, Buf *body) {
  size_t wanted = (size_t)x->request.content_length;
  int64_t began_us = clock_now_us();
  if (!buf_reserve(body, wanted)) return no_memory;
  while (body->len < wanted) {
    int n = read_some(x, body->ptr + body->len, wanted - body->len);
    if (n <= 0) return early_end(x, began_us);
    body->len += (size_t)n;
  }
  body->ptr[wanted] = '\0';
  return no_fault;
}

static BodyFault fault_of(ChunksState state) {
  switch (state) {
    case CHUNKS_TOO_LARGE: return (BodyFault){ 413, "its chunks have more than max_body bytes" };
    case CHUNKS_BROKEN: return (BodyFault){ 400, "its body is not in chunks, as its head says" };
    case CHUNKS_NO_MEMORY: return no_memory;
    default: return no_fault;
  }
}

static BodyFault read_chunks(Exchange *x, size_t max, Buf *body) {
  char piece[PIECE];
  Chunks chunks;
  ChunksState state = CHUNKS_MORE;
  int64_t began_us = clock_now_us();
  Str rest = STR("");
  chunks_init(&chunks, max);
  while (state == CHUNKS_MORE) {
    int n = wire_read(piece, sizeof piece, x->server->body_timeout_ms);
    if (n <= 0) break;
    rest = str_make(piece, (size_t)n);
    state = chunks_read(&chunks, &rest, body);
  }
  // The read bytes of a next request cannot be put back.
  if (rest.len > 0 || wire_has_rest()) x->last = true;
  return state == CHUNKS_MORE ? early_end(x, began_us) : fault_of(state);
}

static BodyFault read_body(Exchange *x, size_t max) {
  Buf *body = &x->buffers->body;
  bool chunked = x->from->is_chunked;
  buf_reset(body);
  connection_reads(x->connection);
  if (x->head.expects && (chunked || x->request.content_length > 0))
    civetweb_write(x->conn, "HTTP/1.1 100 Continue\r\n\r\n", 25);
  BodyFault fault = chunked ? read_chunks(x, max, body) : read_plain(x, body);
  x->request.body = buf_str(body);
  return fault;
}

static int status_by_head(const HttpRequest *head, const HttpRoute *route) {
  if (route->status) return route->status;
  if (!route->needs_body || head->chunked) return 0;
  if (head->content_length < 0) return 411;
  return (uint64_t)head->content_length > route->max_body ? 413 : 0;
}

static const char *why_by_head(int status) {
  switch (status) {
    case 411: return "its body has neither a Content-Length nor chunks";
    case 413: return "its body has more than max_body bytes";
    default: return status_reason(status);
  }
}

static void tell_refused(const Exchange *x, const HttpRoute *route) {
  if (route->refused) route->refused(route->ctx, &x->request);
}

static void refuse_body(Exchange *x, const HttpRoute *route, BodyFault fault) {
  if (fault.status != STATUS_UNANSWERED) {
    tell_refused(x, route);
    return refuse_unread(x, fault.status, NULL, fault.why);
  }
  log_warn("closed %.*s %.*s unanswered: %s", STR_FMT(x->request.method), STR_FMT(x->request.path),
           fault.why);
  server_respond(&x->request, &(HttpResponse){ .no_answer = true });
}

static void serve_route(Exchange *x, const HttpRoute *route) {
  int status = status_by_head(&x->request, route);
  if (status) {
    tell_refused(x, route);
    return refuse_unread(x, status, route->allow, why_by_head(status));
  }
  // An unread body would be taken for the next request.
  if (!route->needs_body && (x->request.content_length > 0 || x->request.chunked))
    x->last = x->unread = true;
  BodyFault fault = route->needs_body ? read_body(x, route->max_body) : no_fault;
  if (fault.status) return refuse_body(x, route, fault);
  connection_handles(x->connection);
  route->handle(route->ctx, &x->request);
  if (!x->status) server_refuse(&x->request, 500, NULL, "its handler gave no answer");
}

static void serve(Exchange *x) {
  HttpRoute route = { 0 };
  if (x->from->lines.header_count == CIVETWEB_HEADERS_MAX)
    return refuse_unread(x, 431, NULL, "it has 64 headers or more");
  if (x->from->fault) return refuse_unread(x, 400, NULL, x->from->fault);
  if (x->head.status) return refuse_unread(x, x->head.status, NULL, x->head.fault);
  x->server->handler.route(x->server->handler.ctx, &x->request, &route);
  serve_route(x, &route);
  if (route.over) route.over(route.over_ctx);
}

static int close_without_buffers(CivetwebConnection *conn, const CivetwebRequest *from) {
  log_warn("closed %s %s unanswered: no memory for its buffers", from->lines.method, from->path);
  civetweb_keep(conn, false);
  return STATUS_UNANSWERED;
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

static int on_request(void *ctx, CivetwebConnection *conn, const CivetwebRequest *from) {
  int64_t now_us = clock_now_us();
  Exchange x = {
    .from = from,
    .head = head_read(&from->lines),
    .conn = conn,
    .server = ctx,
    .buffers = take_buffers(ctx),
    .connection = from->connection,
    .last = from->is_last,
  };
  x.request = (HttpRequest){ .method = str_of(from->lines.method),
                             .path = str_of(from->path),
                             .query = str_of(from->query),
                             .content_length = x.head.body_len,
                             .chunked = x.head.chunked,
                             .received_us = from->arrived_us ? from->arrived_us : now_us };
  x.last = x.last || x.head.upgrades;
  connection_comes(x.connection, from->came_us ? from->came_us : now_us, now_us);
  if (!x.buffers) return close_without_buffers(conn, from);
  serve(&x);
  if (x.has_rest) send_rest(&x);
  put_buffers(x.server, x.buffers);
  if (x.unread) wire_linger(LINGER_MS);
  if (x.ends) wire_end();  // the answer may be from another thread
  connection_waits(x.connection);
  return x.status;
}

// ---- start and stop -----------------------------------------------------------------------------

bool server_check_proxies(Str list, Err *err) {
  TrustedProxies proxies;
  return forwarded_trust(&proxies, list, err);
}

// Creates a socket whose other end is closed: reading it returns the end of the stream at once.
static bool make_stand_in(Server *server) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return false;
  close(pair[1]);
  server->stand_in = pair[0];
  return true;
}

static bool start(Server *server, const ServerOptions *options, Err *err) {
  CivetwebOptions civetweb = { .threads = options->threads,
                               .may_bind = options->may_bind,
                               .head_timeout_ms = options->head_timeout_ms,
                               .keep_alive_ms = options->keep_alive_ms + KEEP_ALIVE_SLACK_MS,
                               .connections = server->connections,
                               .listener = &server->listener,
                               .serve = on_request,
                               .ctx = server };
  if (!forwarded_trust(&civetweb.trusted, options->trusted_proxies, err))
    return err_wrap(err, "trusted_proxies");
  server->civetweb = civetweb_new(&civetweb);
  if (!server->civetweb) return err_set(err, ERR_MEMORY, "no memory");
  if (!make_stand_in(server))
    return err_set(err, ERR_FAILED,
                   "no file descriptors are left: raise the limit of open files (ulimit -n)");
  bool listens = options->inherited
                     ? listener_inherit(&server->listener, options->inherited, err)
                     : listener_open(&server->listener, options->listen, BACKLOG, err);
  if (!listens || !civetweb_start(server->civetweb, err)) return false;
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
  server->loop = options->loop;
  server->threads = options->threads;
  server->body_timeout_ms = options->head_timeout_ms;
  server->listener = (Listener){ .fd = -1 };
  server->stand_in = -1;
  snprintf(server->keep_alive, sizeof server->keep_alive,
           "Connection: keep-alive\r\nKeep-Alive: timeout=%d\r\n", options->keep_alive_ms / 1000);
  server->serving = start(server, options, err);
  if (server->serving) return server;
  server_free(server);
  return NULL;
}

int server_port(const Server *server) { return server->listener.port; }

const char *server_address(const Server *server) { return server->listener.address; }

void server_load(const Server *server, int *busy, int *threads) {
  int all = connections_busy(server->connections);
  *busy = all < server->threads ? all : server->threads;
  *threads = server->threads;
}

// civetweb is stopped last, because it neither reads nor writes once stopped.
void server_stop(Server *server) {
  if (server->ended) return;
  server->ended = true;
  if (server->serving) {
    civetweb_quiet(server->civetweb);
    listener_quiet(&server->listener);
    connections_drain(server->connections, DRAIN_MS);
  }
  if (server->civetweb) civetweb_stop(server->civetweb);
  listener_close(&server->listener);
}

void server_free(Server *server) {
  if (!server) return;
  server_stop(server);
  if (!civetweb_free(server->civetweb)) return;  // threads still use the server
  connections_free(server->connections);
  if (server->stand_in >= 0) close(server->stand_in);
  free_buffers(server);
  free(server);
}
