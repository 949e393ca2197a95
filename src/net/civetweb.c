// Options, callbacks and pitfalls of libcivetweb 1.15 (Debian 12).
#include "net/civetweb.h"

#include <arpa/inet.h>
#include <civetweb.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/arrivals.h"
#include "net/bad_head.h"
#include "net/status.h"
#include "net/tcp_state.h"
#include "net/thread_stack.h"
#include "net/wire.h"

_Static_assert((int)CIVETWEB_HEADERS_MAX == (int)MG_MAX_HEADERS,
               "as many headers as civetweb keeps");

enum {
  // How long the accepting thread may take to run once civetweb has started it. If other
  // threads are missing, it may be missing too.
  START_MS = 5000,
  FEW_THREADS_WAIT_MS = 500,
  LINGER_MS = 1000,  // how long a client that was refused may go on sending
};

struct Civetweb {
  CivetwebOptions options;
  struct mg_context *mg;
  int started;  // threads that the system gave, of options.threads
  bool listens, stopped;
  bool runs_on;         // a poller did not return from its handler when the rest was stopped
  atomic_bool accepts;  // the thread that accepts connections runs
  Err why;              // it does not listen
  Pollers *pollers;
  Arrivals *arrivals;
  atomic_size_t smallest_stack;
};

struct CivetwebConnection {
  const Civetweb *of;
  struct mg_connection *mg;  // NULL: the connection was not passed to civetweb
  int fd;
};

// ---- a request ----------------------------------------------------------------------------------

int civetweb_read(CivetwebConnection *conn, void *out, size_t len) {
  return mg_read(conn->mg, out, len);
}

Cut civetweb_why_cut(const CivetwebConnection *conn) { return accepted_why_cut(conn->fd); }

int64_t civetweb_send(CivetwebConnection *conn, const void *bytes, size_t len) {
  return wire_send(conn->fd, bytes, len);
}

int64_t civetweb_room(const CivetwebConnection *conn) { return tcp_room(conn->fd); }

bool civetweb_write(CivetwebConnection *conn, const void *bytes, size_t len) {
  if (!conn->mg) return wire_write(conn->fd, bytes, len, conn->of->options.head_timeout_ms);
  return mg_write(conn->mg, bytes, len) == (int)len;
}

// request_info belongs to the connection; only the pointer is const.
static struct mg_header *headers_of(const struct mg_connection *conn) {
  return (struct mg_header *)mg_get_request_info(conn)->http_headers;
}

void civetweb_keep(CivetwebConnection *conn, bool keep) {
  if (!keep) {
    if (conn->mg) mg_disable_connection_keep_alive(conn->mg);
    wire_end();
    return;
  }
  int count = mg_get_request_info(conn->mg)->num_headers;
  for (struct mg_header *header = headers_of(conn->mg); count-- > 0; header++) {
    bool begins_so = (header->name[0] | 0x20) == 'c' && (header->name[3] | 0x20) == 'n';
    if (begins_so && strcasecmp(header->name, "Connection") == 0) header->value = "keep-alive";
  }
}

void civetweb_hang_up(CivetwebConnection *conn) { shutdown(conn->fd, SHUT_RDWR); }

int civetweb_take(CivetwebConnection *conn, int stand_in) {
  int taken = wire_take_away(stand_in);
  if (taken >= 0) civetweb_keep(conn, false);
  return taken;
}

// ---- callbacks ----------------------------------------------------------------------------------

// civetweb replaces the colon, and blanks before it, by NULs.
static bool has_blank_behind(const struct mg_header *header) {
  const char *end = header->name + strlen(header->name) + 1;
  return header->value > end && *end == '\0';
}

static bool unmask(const struct mg_header *header) {
  static const char rest[] = "ransfer-Encoding";
  char *name = (char *)header->name;
  bool masked = *name == WIRE_MASK && strcasecmp(name + 1, rest) == 0;
  if (masked) *name = 'T';
  return masked;
}

// Fills in the headers; returns what civetweb got wrong, or NULL.
static const char *read_headers(const struct mg_connection *conn, Pair *headers, size_t count) {
  const struct mg_header *from = headers_of(conn);
  const char *fault = NULL;
  int masked = wire_masked(), found = 0;
  for (size_t i = 0; i < count; i++) {
    if (has_blank_behind(&from[i])) fault = "a header has a blank before its colon";
    if (masked > 0) found += unmask(&from[i]);
    headers[i] = (Pair){ .name = str_of(from[i].name), .value = str_of(from[i].value) };
  }
  return found == masked ? fault : "a header's name is mistaken for Transfer-Encoding";
}

static int serve(CivetwebConnection *conn, CivetwebRequest *request) {
  const CivetwebOptions *options = &conn->of->options;
  request->arrived_us = wire_arrived_us();
  request->came_us = wire_came_us();
  return options->serve(options->ctx, conn, request);
}

static int serve_for_civetweb(struct mg_connection *mg, CivetwebRequest *request) {
  const struct mg_request_info *info = mg_get_request_info(mg);
  CivetwebConnection conn = { info->user_data, mg, wire_descriptor() };
  request->connection = mg_get_user_connection_data(mg);
  if (request->connection && connection_descriptor(request->connection) < 0)
    connection_introduce(request->connection, wire_descriptor());
  int status = serve(&conn, request);
  wire_next(info->content_length);
  return status;
}

static CivetwebRequest plain_request(const PlainHead *head) {
  return (CivetwebRequest){
    .lines = { .method = head->method,
               .target = head->path,
               .version = head->version,
               .headers = head->headers,
               .header_count = head->header_count },
    .path = head->path,
    .query = head->query,
    .hides_body = true,
  };
}

static int serve_plain(struct mg_connection *mg) {
  CivetwebRequest request = plain_request(wire_plain());
  return serve_for_civetweb(mg, &request);
}

// Both on a poller's thread.
static void serve_shared(void *mg) { serve_plain(mg); }

static void serve_arrival(void *civetweb) {
  CivetwebConnection conn = { civetweb, NULL, wire_descriptor() };
  CivetwebRequest request = plain_request(wire_plain());
  serve(&conn, &request);
}

static int on_request(struct mg_connection *conn) {
  const struct mg_request_info *info = mg_get_request_info(conn);
  Pair headers[MG_MAX_HEADERS];
  size_t count = (size_t)info->num_headers;
  wire_take();
  if (wire_plain()) return serve_plain(conn);
  CivetwebRequest request = {
    .lines = { .method = info->request_method,
               .target = info->request_uri,
               .version = info->http_version,
               .headers = headers,
               .header_count = count },
    .path = info->local_uri_raw ? info->local_uri_raw : info->local_uri,
    .query = info->query_string,
    .fault = read_headers(conn, headers, count),
    .is_last = !wire_may_go_on(info->content_length),
    .is_chunked = wire_masked() > 0,
    .hides_body = wire_masked() > 0,
  };
  return serve_for_civetweb(conn, &request);
}

// The peer's address; civetweb's own text lacks IPv6.
static const char *peer_of(const struct mg_request_info *info, int fd,
                           char out[FORWARDED_TEXT_MAX]) {
  struct sockaddr_storage peer;
  socklen_t len = sizeof peer;
  if (info && info->remote_addr[0]) return info->remote_addr;
  if (getpeername(fd, (struct sockaddr *)&peer, &len) != 0) return "an unknown address";
  const void *address = peer.ss_family == AF_INET6
                            ? (const void *)&((struct sockaddr_in6 *)&peer)->sin6_addr
                            : (const void *)&((struct sockaddr_in *)&peer)->sin_addr;
  const char *text = inet_ntop(peer.ss_family, address, out, FORWARDED_TEXT_MAX);
  return text ? text : "an unknown address";
}

const char *civetweb_remote(const CivetwebConnection *conn, char out[FORWARDED_TEXT_MAX]) {
  const struct mg_request_info *info = conn->mg ? mg_get_request_info(conn->mg) : NULL;
  const PlainHead *plain = wire_plain();
  Pair headers[MG_MAX_HEADERS];
  char peer[FORWARDED_TEXT_MAX];
  size_t count = 0;
  for (int i = 0; info && i < info->num_headers; i++)
    headers[count++] = (Pair){ .name = str_of(info->http_headers[i].name),
                               .value = str_of(info->http_headers[i].value) };
  return forwarded_client(&conn->of->options.trusted, peer_of(info, conn->fd, peer),
                          plain ? plain->headers : headers, plain ? plain->header_count : count,
                          out);
}

// Answers a request that never reaches the handler, instead of civetweb's page, which shows its version.
static void refuse(struct mg_connection *conn, int status, const char *why) {
  char answer[256], body[64];
  int len = snprintf(body, sizeof body, "%d %s\n", status, status_reason(status));
  len = snprintf(answer, sizeof answer,
                 "HTTP/1.1 %d %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: "
                 "%d\r\nConnection: close\r\n\r\n%s",
                 status, status_reason(status), len, body);
  char remote[FORWARDED_TEXT_MAX];
  CivetwebConnection of = { mg_get_user_data(mg_get_context(conn)), conn, wire_descriptor() };
  wire_take();
  mg_disable_connection_keep_alive(conn);
  mg_write(conn, answer, (size_t)len);
  log_warn("refused a request from %s with %d: %s", civetweb_remote(&of, remote), status, why);
  wire_linger(LINGER_MS);
}

typedef struct {
  int status;
  const char *why;
} Refusal;

// The answer to a head that civetweb calls malformed, or that did not arrive in time.
static Refusal explain_head(const Civetweb *civetweb) {
  Str head = wire_head();
  int64_t age_ms = (clock_now_us() - wire_arrived_us()) / 1000;
  Cut cut = accepted_why_cut(wire_descriptor());
  if (head.len >= WIRE_HEAD_MAX) return (Refusal){ 431, "its head is larger than 16 KB" };
  if (wire_is_whole()) return (Refusal){ 400, bad_head_reason(head) };
  if (cut == CUT_FOR_OTHERS)
    return (Refusal){ 408, "its head came slowly, and others waited for a thread" };
  if (age_ms + CIVETWEB_COARSE_MS >= civetweb->options.head_timeout_ms)
    return (Refusal){ 408, "its head was not complete in time" };
  if (cut == CUT_TO_CLOSE) return (Refusal){ 408, "the server was closing its connection" };
  if (wire_has_ended()) return (Refusal){ 400, "its connection ended within its head" };
  return (Refusal){ 400, bad_head_reason(head) };
}

static Refusal explain(const Civetweb *civetweb, int status) {
  switch (status) {
    case 400: return explain_head(civetweb);
    case 411: return (Refusal){ 400, "its Content-Length is no number" };
    default: return (Refusal){ status, status_reason(status) };
  }
}

// A connection that ended, or was idle for too long, behind an empty line sent no request.
static int on_error(struct mg_connection *conn, int status, const char *message) {
  if (wire_is_empty_line()) {
    wire_take();
    mg_disable_connection_keep_alive(conn);
    return 0;
  }
  Refusal refusal = explain(mg_get_user_data(mg_get_context(conn)), status);
  refuse(conn, refusal.status, refusal.why);
  return 0;
}

// Only this callback reports that civetweb runs with fewer threads than asked for.
static void note_missing_threads(const struct mg_connection *conn, const char *message) {
  int first_missing;
  if (sscanf(message, "Cannot start worker thread %d", &first_missing) != 1) return;
  Civetweb *civetweb = mg_get_user_data(mg_get_context(conn));
  civetweb->started = first_missing - 1;
}

static int on_log(const struct mg_connection *conn, const char *message) {
  note_missing_threads(conn, message);
  log_debug("civetweb: %s", message);
  return 1;
}

static int on_open(const struct mg_connection *conn, void **data) {
  Civetweb *civetweb = mg_get_user_data(mg_get_context(conn));
  Connection *connection = connection_opened(civetweb->options.connections);
  wire_open(connection, (WireShare){ civetweb->pollers, serve_shared, (void *)conn });
  *data = connection;
  return 0;
}

// civetweb silently closes after a request whose target it does not understand.
static void refuse_target(const struct mg_connection *conn) {
  const struct mg_request_info *info = mg_get_request_info(conn);
  if (wire_is_taken() || !info || !info->request_method || !info->request_uri) return;
  bool star = strcmp(info->request_uri, "*") == 0;
  refuse((struct mg_connection *)conn, 400,
         star ? "its target is *, which this server does not support"
              : "its target is a URL of another host or port");
}

// civetweb copies the target of each request. Without memory for the copy it sends no answer and waits for the
// next request: the client would wait until the connection times out.
static void on_end(const struct mg_connection *conn, int status) {
  if (status > 0) return;
  wire_take();
  mg_disable_connection_keep_alive((struct mg_connection *)conn);
  log_warn("closed a request unanswered: no memory for its target");
}

static void on_close(const struct mg_connection *conn) {
  refuse_target(conn);
  wire_close();
  connection_closing(mg_get_user_connection_data(conn));
}

static void *on_thread(const struct mg_context *mg, int type) {
  enum { ACCEPTS, WORKS };
  Civetweb *civetweb = mg_get_user_data(mg);
  pthread_setname_np(pthread_self(), type == ACCEPTS ? "http-accept" : "http");
  if (type == ACCEPTS) atomic_store(&civetweb->accepts, true);
  if (type != WORKS) return NULL;
  size_t size = thread_stack_size(), smallest = atomic_load(&civetweb->smallest_stack);
  while (size < smallest &&
         !atomic_compare_exchange_weak(&civetweb->smallest_stack, &smallest, size)) {
  }
  return NULL;
}

// Called before any thread starts.
static void on_context(const struct mg_context *mg) {
  Civetweb *civetweb = mg_get_user_data(mg);
  struct mg_server_port bound[1];
  if (mg_get_server_ports(mg, 1, bound) == 1)
    civetweb->listens = listener_replace(civetweb->options.listener, bound[0].port,
                                         arrivals_passed(civetweb->arrivals), &civetweb->why);
}

// ---- life ---------------------------------------------------------------------------------------

static struct mg_context *start(Civetweb *civetweb) {
  const CivetwebOptions *options = &civetweb->options;
  char threads[16], timeout[16], idle[16], head_max[16];
  snprintf(threads, sizeof threads, "%d", options->threads);
  snprintf(timeout, sizeof timeout, "%d", options->head_timeout_ms);
  snprintf(idle, sizeof idle, "%d", options->keep_alive_ms);
  snprintf(head_max, sizeof head_max, "%d", WIRE_HEAD_MAX);
  const char *list[] = {
    // Any port: listener_replace replaces the socket by a pipe.
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
    "max_request_size",
    head_max,
    "decode_url",
    "no",
    "enable_directory_listing",
    "no",
    // A request whose target is a whole URL is accepted under any name; the port must be the server's.
    "enable_auth_domain_check",
    "no",
    NULL,
  };
  // No log_access callback: with one, civetweb formats a line with the local time for each request, which
  // costs a stat(2).
  struct mg_callbacks callbacks = {
    .begin_request = on_request,
    .end_request = on_end,
    .http_error = on_error,
    .log_message = on_log,
    .init_connection = on_open,
    .connection_close = on_close,
    .init_context = on_context,
    .init_thread = on_thread,
  };
  return mg_start(&callbacks, civetweb, list);
}

// civetweb starts the accepting thread last, and does not report a failure.
static bool wait_until_it_accepts(Civetweb *civetweb) {
  bool few = civetweb->started < civetweb->options.threads;
  int64_t end_ms = clock_now_ms() + (few ? FEW_THREADS_WAIT_MS : START_MS);
  while (!atomic_load(&civetweb->accepts) && clock_now_ms() < end_ms)
    nanosleep(&(struct timespec){ .tv_nsec = 100 * 1000 }, NULL);
  return atomic_load(&civetweb->accepts);
}

Civetweb *civetweb_new(const CivetwebOptions *options) {
  Civetweb *civetweb = calloc(1, sizeof *civetweb);
  if (!civetweb) return NULL;
  civetweb->options = *options;
  civetweb->started = options->threads;
  atomic_init(&civetweb->smallest_stack, SIZE_MAX);
  mg_init_library(0);
  return civetweb;
}

static bool make_arrivals(Civetweb *civetweb, Err *err) {
  WireShare share = { civetweb->pollers, serve_arrival, civetweb };
  if (civetweb->pollers) civetweb->arrivals = arrivals_new(civetweb->options.connections, share);
  return civetweb->arrivals ||
         err_set(err, ERR_FAILED,
                 "the system refuses the threads or descriptors that wait for connections (ulimit "
                 "-u, ulimit -n, systemd's TasksMax, memory): raise the limit");
}

static bool accepts_now(Civetweb *civetweb, Err *err) {
  const Listener *listener = civetweb->options.listener;
  return arrivals_accept(civetweb->arrivals, listener->fd) ||
         err_set(err, ERR_FAILED, "cannot listen on %s: %s", listener->address, strerror(errno));
}

bool civetweb_start(Civetweb *civetweb, Err *err) {
  int wanted = civetweb->options.threads;
  const char *untapped = wire_untapped();
  if (!untapped) untapped = arrivals_untapped();
  if (untapped)
    return err_set(err, ERR_FAILED,
                   "libcivetweb does not find this program's %s: it was linked in a way that "
                   "hides it (link with -Wl,--export-dynamic-symbol=%s)",
                   untapped, untapped);
  civetweb->pollers = pollers_new(&(PollersOptions){
      .most = wanted, .may_bind = civetweb->options.may_bind, .ready = wire_ready });
  if (!make_arrivals(civetweb, err)) return false;
  civetweb->mg = start(civetweb);
  if (!civetweb->mg) civetweb->started = 0;
  bool accepts = civetweb->mg && wait_until_it_accepts(civetweb);
  if (!accepts || civetweb->started < wanted)
    return err_set(err, ERR_FAILED,
                   "only %d of the %d HTTP threads could be started (ulimit -u, systemd's "
                   "TasksMax, memory): raise the limit, or lower `threads`",
                   civetweb->started + accepts, wanted + 1);
  if (!civetweb->listens) return err_set(err, ERR_FAILED, "%s", civetweb->why.text);
  size_t stack = atomic_load(&civetweb->smallest_stack);
  if (stack >= THREAD_STACK_MIN) return accepts_now(civetweb, err);
  return err_set(err, ERR_FAILED,
                 "HTTP threads have stacks of %zu bytes; a script could crash the process with "
                 "less than %d",
                 stack, THREAD_STACK_MIN);
}

// Without its accepting thread civetweb cannot stop the others.
static bool can_stop(const Civetweb *civetweb) {
  return !civetweb->mg || atomic_load(&civetweb->accepts);
}

void civetweb_stop(Civetweb *civetweb) {
  if (civetweb->stopped || !can_stop(civetweb)) return;
  civetweb->stopped = true;
  pollers_stop(civetweb->pollers);
  if (civetweb->arrivals) arrivals_end(civetweb->arrivals);
  if (civetweb->mg) mg_stop(civetweb->mg);
  // Until now threads that answered late watched sockets.
  civetweb->runs_on = !pollers_end(civetweb->pollers);
  if (!civetweb->runs_on) arrivals_free(civetweb->arrivals);
}

void civetweb_quiet(Civetweb *civetweb) {
  arrivals_quiet(civetweb->arrivals, civetweb->options.listener->shared);
}

bool civetweb_free(Civetweb *civetweb) {
  if (!civetweb) return true;
  civetweb_stop(civetweb);
  if (!civetweb->stopped || civetweb->runs_on) return false;
  mg_exit_library();
  free(civetweb);
  return true;
}
