// civetweb, with its options and its traps.
#include "net/server.h"

#include <civetweb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/core_pool.h"
#include "net/connections.h"
#include "net/listener.h"
#include "net/thread_stack.h"

enum {
  KEEP_MAX = 64 * 1024,
  STATUS_UNANSWERED = 499,
  BACKLOG = 4096,
  DRAIN_MS = 10000,  // so long requests under way may take when the server stops
  // So long its last thread may take to run, once civetweb has started it; where others are missing, it may
  // well be too.
  START_MS = 5000,
  FEW_THREADS_WAIT_MS = 500,
};

struct Server {
  struct mg_context *mg;
  HttpHandler handler;
  Connections *connections;
  Listener listener;
  int threads, started;  // asked for; got
  bool listens, serving, ended;
  atomic_bool stopping, accepts;  // the thread that takes connections runs
  Err why;                        // where it does not listen
  atomic_size_t smallest_stack;
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
  struct mg_connection *conn;
  Server *server;
  Buffers *buffers;
  Connection *connection;
  Str asks;      // what its Connection header says
  bool expects;  // it waits for "100 Continue" before it sends its body
  bool last;     // the connection ends with this answer
  int status;    // 0: not answered yet
} Exchange;

// ---- requests -----------------------------------------------------------------------------------

static const struct mg_request_info *info_of(const HttpRequest *request) {
  return mg_get_request_info((const struct mg_connection *)request->connection);
}

Str server_header(const HttpRequest *request, const char *name) {
  return str_of(mg_get_header((const struct mg_connection *)request->connection, name));
}

const char *server_remote(const HttpRequest *request) {
  const char *address = info_of(request)->remote_addr;
  return address[0] ? address : "an IPv6 address";
}

size_t server_headers(const HttpRequest *request, Pair *out, size_t max) {
  const struct mg_request_info *info = info_of(request);
  size_t count = 0;
  for (int i = 0; i < info->num_headers && count < max; i++) {
    out[count++] = (Pair){ .name = str_of(info->http_headers[i].name),
                           .value = str_of(info->http_headers[i].value) };
  }
  return count;
}

// ---- answers ------------------------------------------------------------------------------------

static const struct {
  int status;
  const char *text;
} reasons[] = {
  { 200, "OK" },
  { 201, "Created" },
  { 202, "Accepted" },
  { 203, "Non-Authoritative Information" },
  { 204, "No Content" },
  { 206, "Partial Content" },
  { 301, "Moved Permanently" },
  { 302, "Found" },
  { 303, "See Other" },
  { 304, "Not Modified" },
  { 307, "Temporary Redirect" },
  { 308, "Permanent Redirect" },
  { 400, "Bad Request" },
  { 401, "Unauthorized" },
  { 402, "Payment Required" },
  { 403, "Forbidden" },
  { 404, "Not Found" },
  { 405, "Method Not Allowed" },
  { 406, "Not Acceptable" },
  { 408, "Request Timeout" },
  { 409, "Conflict" },
  { 410, "Gone" },
  { 411, "Length Required" },
  { 412, "Precondition Failed" },
  { 413, "Content Too Large" },
  { 414, "URI Too Long" },
  { 415, "Unsupported Media Type" },
  { 416, "Range Not Satisfiable" },
  { 422, "Unprocessable Content" },
  { 426, "Upgrade Required" },
  { 428, "Precondition Required" },
  { 429, "Too Many Requests" },
  { 431, "Request Header Fields Too Large" },
  { 451, "Unavailable For Legal Reasons" },
  { 500, "Internal Server Error" },
  { 501, "Not Implemented" },
  { 502, "Bad Gateway" },
  { 503, "Service Unavailable" },
  { 504, "Gateway Timeout" },
  { 505, "HTTP Version Not Supported" },
};

static const char *reason_of(int status) {
  for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
    if (reasons[i].status == status) return reasons[i].text;
  }
  return status < 400 ? "OK" : "Error";
}

static bool wants_keep_alive(const Exchange *x) {
  if (str_eq_nocase(x->asks, STR("close"))) return false;
  return strcmp(info_of(&x->request)->http_version, "1.1") == 0 ||
         str_eq_nocase(x->asks, STR("keep-alive"));
}

// These answers end with their head, and a length would be taken for that of a body to come.
static bool has_body(int status) { return status != 204 && status != 304; }

// Of a streamed answer nobody knows the length: it ends with the connection.
static void add_head(Buf *out, const HttpResponse *response, bool keep_alive, bool streamed) {
  const char *type = response->content_type ? response->content_type : "text/plain; charset=utf-8";
  buf_add(out, STR("HTTP/1.1 "));
  buf_add_int(out, response->status);
  buf_addc(out, ' ');
  buf_add(out, str_of(reason_of(response->status)));
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
  if (!keep_alive) mg_disable_connection_keep_alive(x->conn);
  x->status = response->no_answer ? STATUS_UNANSWERED : response->status;
  if (response->no_answer) return;
  add_head(out, response, keep_alive, false);
  if (has_body(response->status) && !str_eq(request->method, STR("HEAD")))
    buf_add(out, response->body);
  if (!out->failed) mg_write(x->conn, out->ptr, out->len);
  else mg_disable_connection_keep_alive(x->conn);
}

void server_begin(HttpRequest *request, const HttpResponse *response) {
  Exchange *x = (Exchange *)request;
  if (x->status) return;
  x->status = response->status;
  mg_disable_connection_keep_alive(x->conn);
  Buf *out = &x->buffers->out;
  buf_reset(out);
  add_head(out, response, false, true);
  if (!str_eq(request->method, STR("HEAD"))) buf_add(out, response->body);
  if (!out->failed) mg_write(x->conn, out->ptr, out->len);
}

bool server_is_stopping(const HttpRequest *request) {
  return atomic_load_explicit(&((const Exchange *)request)->server->stopping, memory_order_relaxed);
}

bool server_write(HttpRequest *request, Str bytes) {
  return !server_is_stopping(request) &&
         mg_write(((Exchange *)request)->conn, bytes.ptr, bytes.len) == (int)bytes.len;
}

void server_respond_status(HttpRequest *request, int status, const char *headers) {
  char body[64];
  int len = snprintf(body, sizeof body, "%d %s\n", status, reason_of(status));
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
  server_refuse(&x->request, status, headers, reason_of(status));
}

// ---- one request --------------------------------------------------------------------------------

static bool read_body(Exchange *x) {
  Buf *body = &x->buffers->body;
  size_t wanted = (size_t)x->request.content_length;
  buf_reset(body);
  if (!buf_reserve(body, wanted)) return false;
  connection_reads_body(x->connection);
  if (wanted && x->expects) mg_write(x->conn, "HTTP/1.1 100 Continue\r\n\r\n", 25);
  while (body->len < wanted) {
    int n = mg_read(x->conn, body->ptr + body->len, wanted - body->len);
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
  const struct mg_request_info *info = info_of(&x->request);
  int lengths = 0;
  if (info->num_headers >= MG_MAX_HEADERS) return 431;
  for (int i = 0; i < info->num_headers; i++) {
    note_header(x, str_of(info->http_headers[i].name), str_of(info->http_headers[i].value),
                &lengths);
  }
  return lengths > 1 ? 400 : 0;
}

static int status_by_head(const HttpRequest *head, const HttpRoute *route) {
  if (route->status) return route->status;
  if (!route->needs_body) return 0;
  if (head->chunked || head->content_length < 0) return 411;
  return (uint64_t)head->content_length > route->max_body ? 413 : 0;
}

static void serve(Exchange *x) {
  HttpRoute route = { 0 };
  int status = read_headers(x);
  if (!status) {
    x->server->handler.route(x->server->handler.ctx, &x->request, &route);
    status = status_by_head(&x->request, &route);
  }
  if (status) {
    refuse_by_head(x, status, route.allow);
    return;
  }
  // A body that nobody asked for would be taken for the next request.
  if (!route.needs_body && (x->request.content_length > 0 || x->request.chunked)) x->last = true;
  if (route.needs_body && !read_body(x)) {
    x->last = true;
    server_refuse(&x->request, 408, NULL, "its body did not come whole");
    return;
  }
  connection_handles(x->connection);
  x->server->handler.handle(x->server->handler.ctx, &x->request);
  if (!x->status) server_refuse(&x->request, 500, NULL, "its handler gave no answer");
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

static int on_request(struct mg_connection *conn) {
  const struct mg_request_info *info = mg_get_request_info(conn);
  const char *path = info->local_uri_raw ? info->local_uri_raw : info->local_uri;
  Exchange x = {
    .request = { .method = str_of(info->request_method),
                 .path = str_of(path),
                 .query = str_of(info->query_string),
                 .content_length = info->content_length,
                 .received_us = clock_now_us(),
                 .connection = conn },
    .conn = conn,
    .server = info->user_data,
    .buffers = take_buffers(info->user_data),
    .connection = mg_get_user_connection_data(conn),
  };
  bool again = connection_comes(x.connection, x.request.received_us);
  if (!x.buffers) return STATUS_UNANSWERED;
  if (x.connection && !connection_is_known(x.connection)) {
    connection_introduce(x.connection, info->remote_addr, info->remote_port);
  }
  serve(&x);
  put_buffers(x.server, x.buffers);
  connection_waits(x.connection);
  if (again) connection_steps_aside(x.connection);
  return x.status;
}

// ---- civetweb's other calls ---------------------------------------------------------------------

// Requests that never reach us (a broken head, a head too large): no page of civetweb's, which would tell its
// version.
static int on_error(struct mg_connection *conn, int status, const char *message) {
  char answer[256], body[64];
  int len = snprintf(body, sizeof body, "%d %s\n", status, reason_of(status));
  len = snprintf(answer, sizeof answer,
                 "HTTP/1.1 %d %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: "
                 "%d\r\nConnection: close\r\n\r\n%s",
                 status, reason_of(status), len, body);
  mg_disable_connection_keep_alive(conn);
  mg_write(conn, answer, (size_t)len);
  const struct mg_request_info *info = mg_get_request_info(conn);
  log_warn("refused a request from %s with %d: %s", info ? info->remote_addr : "somebody", status,
           status == 400 ? "its head is malformed, or was not complete in time"
                         : reason_of(status));
  return 0;
}

// civetweb says only here that it goes on with fewer threads than it was asked for.
static void note_missing_threads(const struct mg_connection *conn, const char *message) {
  int first_missing;
  if (sscanf(message, "Cannot start worker thread %d", &first_missing) != 1) return;
  Server *server = mg_get_user_data(mg_get_context(conn));
  server->started = first_missing - 1;
}

static int on_log(const struct mg_connection *conn, const char *message) {
  note_missing_threads(conn, message);
  log_debug("civetweb: %s", message);
  return 1;
}

// No log_access callback: with one, civetweb formats a line with the local time for each request, which costs
// a stat(2).
static int on_open(const struct mg_connection *conn, void **data) {
  Server *server = mg_get_user_data(mg_get_context(conn));
  *data = connection_opened(server->connections);
  return 0;
}

static void on_close(const struct mg_connection *conn) {
  connection_closing(mg_get_user_connection_data(conn));
}

static void *on_thread(const struct mg_context *mg, int type) {
  enum { ACCEPTS, WORKS };
  Server *server = mg_get_user_data(mg);
  if (type == ACCEPTS) atomic_store(&server->accepts, true);
  if (type != WORKS) return NULL;
  size_t size = thread_stack_size(), smallest = atomic_load(&server->smallest_stack);
  while (size < smallest &&
         !atomic_compare_exchange_weak(&server->smallest_stack, &smallest, size)) {
  }
  return NULL;
}

// Before any thread is started.
static void on_context(const struct mg_context *mg) {
  Server *server = mg_get_user_data(mg);
  struct mg_server_port bound[1];
  if (mg_get_server_ports(mg, 1, bound) == 1)
    server->listens = listener_replace(&server->listener, bound[0].port, &server->why);
}

// ---- life ---------------------------------------------------------------------------------------

static struct mg_context *start(Server *server, const ServerOptions *options) {
  char threads[16], timeout[16], idle[16];
  snprintf(threads, sizeof threads, "%d", options->threads);
  snprintf(timeout, sizeof timeout, "%d", options->head_timeout_ms);
  snprintf(idle, sizeof idle, "%d", options->keep_alive_ms);
  const char *list[] = {
    // A port of no importance: listener_replace puts ours in its place.
    "listening_ports",
    "127.0.0.1:0",
    "num_threads",
    threads,
    "request_timeout_ms",
    timeout,
    "keep_alive_timeout_ms",
    idle,
    "enable_keep_alive",
    "yes",
    "tcp_nodelay",
    "1",
    // The default drops connections when a thousand come at once, as a short backlog does.
    "connection_queue",
    "1024",
    "decode_url",
    "no",
    "enable_directory_listing",
    "no",
    // A request whose target is a whole URL is taken under any name; its port has to be ours.
    "enable_auth_domain_check",
    "no",
    NULL,
  };
  struct mg_callbacks callbacks = {
    .begin_request = on_request,
    .http_error = on_error,
    .log_message = on_log,
    .init_connection = on_open,
    .connection_close = on_close,
    .init_context = on_context,
    .init_thread = on_thread,
  };
  return mg_start(&callbacks, server, list);
}

// civetweb starts the thread that takes connections last, and does not say when the system had none for it.
static bool wait_until_it_accepts(Server *server) {
  int64_t end_ms =
      clock_now_ms() + (server->started < server->threads ? FEW_THREADS_WAIT_MS : START_MS);
  while (!atomic_load(&server->accepts) && clock_now_ms() < end_ms)
    nanosleep(&(struct timespec){ .tv_nsec = 100 * 1000 }, NULL);
  return atomic_load(&server->accepts);
}

static bool start_with_listener(Server *server, const ServerOptions *options, Err *err) {
  if (!listener_open(&server->listener, options->listen, BACKLOG, err)) return false;
  server->mg = start(server, options);
  if (!server->mg) server->started = 0;
  bool accepts = server->mg && wait_until_it_accepts(server);
  if (!accepts || server->started < server->threads)
    return err_set(err, ERR_FAILED,
                   "the system gives %d of the %d threads that HTTP needs (ulimit -u, systemd's "
                   "TasksMax, memory): "
                   "raise the limit, or ask for fewer with `threads`",
                   server->started + accepts, server->threads + 1);
  if (!server->listens) return err_set(err, ERR_FAILED, "%s", server->why.text);
  size_t stack = atomic_load(&server->smallest_stack);
  if (stack < THREAD_STACK_MIN) {
    return err_set(
        err, ERR_FAILED,
        "HTTP threads have stacks of %zu bytes; a script could crash the process with less than %d",
        stack, THREAD_STACK_MIN);
  }
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
  server->threads = server->started = options->threads;
  atomic_init(&server->smallest_stack, SIZE_MAX);
  mg_init_library(0);
  if (start_with_listener(server, options, err)) {
    server->serving = true;
    return server;
  }
  server_free(server);
  return NULL;
}

int server_port(const Server *server) { return server->listener.port; }

const char *server_address(const Server *server) { return server->listener.address; }

void server_load(const Server *server, int *busy, int *threads) {
  *busy = connections_busy(server->connections);
  *threads = server->threads;
}

// Without the thread that takes connections civetweb does not stop the others.
static bool can_stop(const Server *server) { return server->mg && atomic_load(&server->accepts); }

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
  if (can_stop(server)) mg_stop(server->mg);
}

void server_free(Server *server) {
  if (!server) return;
  server_stop(server);
  if (server->mg && !can_stop(server)) return;  // they run on, and use all of it
  connections_free(server->connections);
  free_buffers(server);
  mg_exit_library();
  free(server);
}
