// Options, callbacks and traps of libcivetweb 1.15 as Debian 12 has it.
#include "net/civetweb.h"

#include <civetweb.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/status.h"
#include "net/thread_stack.h"
#include "net/wire.h"

_Static_assert((int)CIVETWEB_HEADERS_MAX == (int)MG_MAX_HEADERS,
               "as many headers as civetweb keeps");

enum {
  // How long the thread that accepts connections may take to run once civetweb has started it. If other
  // threads are missing, it may well be missing too.
  START_MS = 5000,
  FEW_THREADS_WAIT_MS = 500,
};

struct Civetweb {
  CivetwebOptions options;
  struct mg_context *mg;
  int started;  // threads that the system gave, of options.threads
  bool listens, stopped;
  atomic_bool accepts;  // the thread that accepts connections runs
  Err why;              // it does not listen
  atomic_size_t smallest_stack;
};

// ---- a request ----------------------------------------------------------------------------------

const char *civetweb_header(const CivetwebConnection *conn, const char *name) {
  return mg_get_header(conn, name);
}

size_t civetweb_headers(const CivetwebConnection *conn, Pair *out, size_t max) {
  const struct mg_request_info *info = mg_get_request_info(conn);
  size_t count = 0;
  for (int i = 0; i < info->num_headers && count < max; i++) {
    out[count++] = (Pair){ .name = str_of(info->http_headers[i].name),
                           .value = str_of(info->http_headers[i].value) };
  }
  return count;
}

int civetweb_read(CivetwebConnection *conn, void *out, size_t len) {
  return mg_read(conn, out, len);
}

bool civetweb_write(CivetwebConnection *conn, const void *bytes, size_t len) {
  return mg_write(conn, bytes, len) == (int)len;
}

void civetweb_end(CivetwebConnection *conn) { mg_disable_connection_keep_alive(conn); }

// ---- callbacks ----------------------------------------------------------------------------------

static int on_request(struct mg_connection *conn) {
  const struct mg_request_info *info = mg_get_request_info(conn);
  const Civetweb *civetweb = info->user_data;
  CivetwebRequest request = {
    .method = info->request_method,
    .path = info->local_uri_raw ? info->local_uri_raw : info->local_uri,
    .query = info->query_string,
    .version = info->http_version,
    .remote = info->remote_addr,
    .remote_port = info->remote_port,
    .content_length = info->content_length,
    .connection = mg_get_user_connection_data(conn),
  };
  if (request.connection && connection_descriptor(request.connection) < 0)
    connection_introduce(request.connection, wire_descriptor());
  return civetweb->options.serve(civetweb->options.ctx, conn, &request);
}

// A request that never reaches us, because its head is broken or too large. civetweb's own page would tell
// its version.
static int on_error(struct mg_connection *conn, int status, const char *message) {
  char answer[256], body[64];
  int len = snprintf(body, sizeof body, "%d %s\n", status, status_reason(status));
  len = snprintf(answer, sizeof answer,
                 "HTTP/1.1 %d %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: "
                 "%d\r\nConnection: close\r\n\r\n%s",
                 status, status_reason(status), len, body);
  mg_disable_connection_keep_alive(conn);
  mg_write(conn, answer, (size_t)len);
  const struct mg_request_info *info = mg_get_request_info(conn);
  log_warn("refused a request from %s with %d: %s", info ? info->remote_addr : "somebody", status,
           status == 400 ? "its head is malformed, or was not complete in time"
                         : status_reason(status));
  return 0;
}

// civetweb says only here that it goes on with fewer threads than it was asked for.
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
  wire_open();
  *data = connection_opened(civetweb->options.connections);
  return 0;
}

static void on_close(const struct mg_connection *conn) {
  connection_closing(mg_get_user_connection_data(conn));
}

static void *on_thread(const struct mg_context *mg, int type) {
  enum { ACCEPTS, WORKS };
  Civetweb *civetweb = mg_get_user_data(mg);
  if (type == ACCEPTS) atomic_store(&civetweb->accepts, true);
  if (type != WORKS) return NULL;
  size_t size = thread_stack_size(), smallest = atomic_load(&civetweb->smallest_stack);
  while (size < smallest &&
         !atomic_compare_exchange_weak(&civetweb->smallest_stack, &smallest, size)) {
  }
  return NULL;
}

// Before any thread is started.
static void on_context(const struct mg_context *mg) {
  Civetweb *civetweb = mg_get_user_data(mg);
  struct mg_server_port bound[1];
  if (mg_get_server_ports(mg, 1, bound) == 1)
    civetweb->listens = listener_replace(civetweb->options.listener, bound[0].port, &civetweb->why);
}

// ---- life ---------------------------------------------------------------------------------------

static struct mg_context *start(Civetweb *civetweb) {
  const CivetwebOptions *options = &civetweb->options;
  char threads[16], timeout[16], idle[16];
  snprintf(threads, sizeof threads, "%d", options->threads);
  snprintf(timeout, sizeof timeout, "%d", options->head_timeout_ms);
  snprintf(idle, sizeof idle, "%d", options->keep_alive_ms);
  const char *list[] = {
    // Any port: listener_replace puts ours in its place.
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
  // No log_access callback: with one, civetweb formats a line with the local time for each request, which
  // costs a stat(2).
  struct mg_callbacks callbacks = {
    .begin_request = on_request,
    .http_error = on_error,
    .log_message = on_log,
    .init_connection = on_open,
    .connection_close = on_close,
    .init_context = on_context,
    .init_thread = on_thread,
  };
  return mg_start(&callbacks, civetweb, list);
}

// civetweb starts the thread that accepts connections last, and does not say if the system had none for it.
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

bool civetweb_start(Civetweb *civetweb, Err *err) {
  int wanted = civetweb->options.threads;
  if (!wire_is_tapped())
    return err_set(err, ERR_FAILED,
                   "libcivetweb does not find this program's recv: it was linked in a way that "
                   "hides it (link with -Wl,--export-dynamic-symbol=recv)");
  civetweb->mg = start(civetweb);
  if (!civetweb->mg) civetweb->started = 0;
  bool accepts = civetweb->mg && wait_until_it_accepts(civetweb);
  if (!accepts || civetweb->started < wanted)
    return err_set(err, ERR_FAILED,
                   "the system gives %d of the %d threads that HTTP needs (ulimit -u, systemd's "
                   "TasksMax, memory): raise the limit, or ask for fewer with `threads`",
                   civetweb->started + accepts, wanted + 1);
  if (!civetweb->listens) return err_set(err, ERR_FAILED, "%s", civetweb->why.text);
  size_t stack = atomic_load(&civetweb->smallest_stack);
  if (stack >= THREAD_STACK_MIN) return true;
  return err_set(err, ERR_FAILED,
                 "HTTP threads have stacks of %zu bytes; a script could crash the process with "
                 "less than %d",
                 stack, THREAD_STACK_MIN);
}

// Without the thread that accepts connections civetweb does not stop the others.
static bool can_stop(const Civetweb *civetweb) {
  return !civetweb->mg || atomic_load(&civetweb->accepts);
}

void civetweb_stop(Civetweb *civetweb) {
  if (civetweb->stopped || !can_stop(civetweb)) return;
  civetweb->stopped = true;
  if (civetweb->mg) mg_stop(civetweb->mg);
}

bool civetweb_free(Civetweb *civetweb) {
  if (!civetweb) return true;
  civetweb_stop(civetweb);
  if (!civetweb->stopped) return false;
  mg_exit_library();
  free(civetweb);
  return true;
}
