// A descriptor, the bytes still to be sent on it, and a poll handle. An answered connection stays open until its bytes
// are sent and, if its client sent more than its request, until the client has read them: closing it with bytes unread
// would reset the connection and lose the answer.
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "base/buf.h"
#include "net/answer.h"
#include "net/parked_new.h"
#include "net/unsent.h"

enum {
  TURN_MAX = 1 << 20,  // bytes of a whole answer that are sent at once
  FLUSH_MS = 5000,     // how long a client may read nothing of its answer
  LINGER_MS =
      1000,  // how long a client that sent more than its request may take to read the answer
  DROPPED_MAX = 1 << 20  // how many bytes after the request are read
};

struct Parked {
  uv_poll_t poll;  // first
  Connections *connections;
  int fd;
  Loop *loop;
  ParkedWatcher watcher;
  ParkedState state;
  Buf out;  // still to be sent, from `sent` on
  size_t sent;
  size_t dropped;  // bytes received after the request
  LoopTimer *limit;
  Unsent unsent;  // its last byte is in `out`, and the client has not taken it
  bool head_only, ending, lingers;
  bool is_counted;  // connections_send_begin
};

Parked *parked_new(Connections *connections, bool head_only) {
  Parked *parked = calloc(1, sizeof *parked);
  if (!parked) return NULL;
  parked->connections = connections;
  parked->head_only = head_only;
  parked->fd = -1;
  buf_init(&parked->out);
  return parked;
}

bool parked_take(Parked *parked, int fd) {
  parked->fd = fd;
  if (fd >= 0) return true;
  free(parked);
  return false;
}

ParkedState parked_state(const Parked *parked) { return parked->state; }

// ---- end ----------------------------------------------------------------------------------------

static void discard(Parked *parked) {
  if (parked->is_counted) connections_send_end(parked->connections);
  connections_unpark(parked->connections, parked->fd);
  close(parked->fd);
  buf_clear(&parked->out);
  free(parked);
}

static void leave_unsent(Parked *parked) {
  unsent_remove(loop_unsent(parked->loop), &parked->unsent);
}

static void on_closed(uv_handle_t *handle) {
  Parked *parked = (Parked *)handle;
  leave_unsent(parked);
  discard(parked);
}

void parked_close(Parked *parked) {
  leave_unsent(parked);
  loop_timer_stop(parked->limit);
  uv_poll_stop(&parked->poll);
  uv_close((uv_handle_t *)&parked->poll, on_closed);
}

static bool is_sent(const Parked *parked) { return parked->sent == parked->out.len; }

static const LoopLeft left = { on_closed };

static void on_event(uv_poll_t *poll, int status, int events);

// Watches only the events still expected: the end of the client's half would be reported again and again.
static void watch(Parked *parked) {
  int events = is_sent(parked) ? 0 : UV_WRITABLE;
  if (parked->state == PARKED_OPEN && parked->dropped < DROPPED_MAX) events |= UV_READABLE;
  // A reset is reported with any event, but at least one event must be requested.
  if (!events) events = UV_PRIORITIZED;
  uv_poll_start(&parked->poll, events, on_event);
}

// ---- receiving ----------------------------------------------------------------------------------

static void change(Parked *parked, ParkedState state) {
  if (parked->state >= state) return;
  parked->state = state;
  if (state == PARKED_GONE) uv_poll_stop(&parked->poll);
  else watch(parked);
  if (!parked->ending) parked->watcher.changed(parked->watcher.ctx);
}

// Reads and drops the available input. Returns false at the end of the stream, or if the connection is closed.
static bool drop_input(Parked *parked) {
  char bytes[4096];
  for (;;) {
    ssize_t n = recv(parked->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (n > 0) parked->dropped += (size_t)n;
    if (n > 0 && parked->dropped < DROPPED_MAX) continue;
    if (n > 0) return true;
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return true;
    change(parked, n == 0 ? PARKED_HALF_CLOSED : PARKED_GONE);
    return false;
  }
}

// ---- sending ------------------------------------------------------------------------------------

static void on_limit(void *ctx) {
  Parked *parked = ctx;
  parked->limit = NULL;
  if (parked->ending) parked_close(parked);
  else change(parked, PARKED_GONE);
}

static void unlimit(Parked *parked) {
  loop_timer_stop(parked->limit);
  parked->limit = NULL;
}

static bool limit(Parked *parked, int64_t ms) {
  unlimit(parked);
  parked->limit = loop_timer(parked->loop, ms, 0, on_limit, parked);
  return parked->limit != NULL;
}

// A client that reads nothing of a part for FLUSH_MS counts as gone; a whole answer has its own limit.
static bool may_pause(Parked *parked, bool goes_on) {
  if (parked->ending || (parked->limit && !goes_on)) return true;
  return limit(parked, FLUSH_MS);
}

// Sends as much as the kernel accepts now. Returns false if nothing can be sent any more.
static bool flush(Parked *parked) {
  size_t before = parked->sent;
  if (is_sent(parked)) return true;
  while (!is_sent(parked)) {
    ssize_t n = send(parked->fd, parked->out.ptr + parked->sent, parked->out.len - parked->sent,
                     MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno != EAGAIN) return false;
    if (n < 0) return may_pause(parked, parked->sent > before);
    parked->sent += (size_t)n;
    // Others have their turn on the loop.
    if (parked->ending && !is_sent(parked) && parked->sent - before >= TURN_MAX) return true;
  }
  unlimit(parked);
  buf_reset(&parked->out);
  parked->sent = 0;
  return true;
}

static void count(Parked *parked) {
  if (!parked->is_counted) connections_send_begin(parked->connections);
  parked->is_counted = true;
}

static Parked *parked_of(Unsent *unsent) {
  return (Parked *)((char *)unsent - offsetof(Parked, unsent));
}

// Returns false without memory.
static bool begin_unsent(Parked *parked) {
  UnsentList *list = loop_unsent(parked->loop);
  count(parked);
  unsent_add(list, &parked->unsent, parked->fd, &parked->sent, parked->out.cap);
  for (Unsent *one; (one = unsent_excess(list));) {
    unsent_report_cut(list, one);
    parked_close(parked_of(one));
  }
  return limit(parked, FLUSH_MS + (int64_t)(parked->out.len - parked->sent) / ANSWER_SLOWEST);
}

// The client has not taken all of its answer yet.
static void go_on_sending(Parked *parked) {
  if (!parked->unsent.is_listed && !begin_unsent(parked)) return parked_close(parked);
  watch(parked);
}

static void linger(Parked *parked) {
  leave_unsent(parked);
  if (!parked->lingers) {
    parked->lingers = true;
    shutdown(parked->fd, SHUT_WR);
    if (!limit(parked, LINGER_MS)) return parked_close(parked);
  }
  watch(parked);
}

// Continues to end a connection whose last byte is in `out`. What the client sends is dropped at once: it would be
// reported again and again.
static void go_on_ending(Parked *parked) {
  bool goes_out = parked->state != PARKED_GONE && !parked->out.failed && flush(parked);
  if (!goes_out) return parked_close(parked);
  if (parked->state == PARKED_OPEN && parked->dropped < DROPPED_MAX) drop_input(parked);
  if (!is_sent(parked) && parked->state != PARKED_GONE) return go_on_sending(parked);
  if (parked->state != PARKED_OPEN || parked->dropped == 0 || parked->dropped >= DROPPED_MAX)
    return parked_close(parked);
  linger(parked);
}

static void go_on(Parked *parked) {
  bool waited = !is_sent(parked);
  if (waited && !flush(parked)) return change(parked, PARKED_GONE);
  watch(parked);
  if (waited && is_sent(parked) && parked->watcher.sent) parked->watcher.sent(parked->watcher.ctx);
}

static bool is_broken(Parked *parked, int status, int events) {
  int error = 0;
  socklen_t len = sizeof error;
  char urgent;
  if (status < 0) return true;
  if (!(events & UV_PRIORITIZED)) return false;
  recv(parked->fd, &urgent, 1, MSG_OOB | MSG_DONTWAIT);
  return getsockopt(parked->fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error != 0;
}

// The watcher may close `parked` when notified of a change, so this function does not use it afterwards.
static void on_event(uv_poll_t *poll, int status, int events) {
  Parked *parked = (Parked *)poll;
  if (parked->ending) return go_on_ending(parked);
  if (is_broken(parked, status, events)) return change(parked, PARKED_GONE);
  if (events & UV_READABLE && parked->state == PARKED_OPEN && !drop_input(parked)) return;
  go_on(parked);
}

// ---- public functions ---------------------------------------------------------------------------

bool parked_watch(Parked *parked, Loop *loop, const ParkedWatcher *watcher) {
  parked->loop = loop;
  parked->watcher = *watcher;
  if (uv_poll_init(loop_uv(loop), &parked->poll, parked->fd) != 0) {
    discard(parked);
    return false;
  }
  parked->poll.data = (void *)&left;
  watch(parked);
  return true;
}

void parked_end(Parked *parked) {
  parked->ending = true;
  go_on_ending(parked);
}

void parked_respond(Parked *parked, const HttpResponse *response) {
  if (response->no_answer) return parked_close(parked);
  answer_add_last(&parked->out, response, parked->head_only);
  if (parked->out.failed) return parked_close(parked);
  parked->ending = true;
  go_on_ending(parked);
}

static void begin_finish(void *ctx) {
  Parked *parked = ctx;
  if (parked_watch(parked, parked->loop, &(ParkedWatcher){ 0 })) parked_end(parked);
}

void parked_finish(Parked *parked, Loop *loop, Buf *out, size_t sent) {
  parked->out = *out;
  buf_init(out);
  parked->sent = sent;
  parked->loop = loop;
  count(parked);
  if (!loop_post(loop, begin_finish, parked)) discard(parked);
}

void parked_respond_status(Parked *parked, int status) {
  char body[ANSWER_STATUS_MAX];
  parked_respond(parked, &(HttpResponse){ .status = status, .body = answer_status(status, body) });
}

bool parked_send(Parked *parked, Str bytes) {
  if (parked->state == PARKED_GONE) return false;
  buf_add(&parked->out, bytes);
  if (parked->out.failed || !flush(parked)) return false;
  watch(parked);
  return true;
}

bool parked_is_sent(const Parked *parked) { return is_sent(parked); }

void parked_begin(Parked *parked, const HttpResponse *response) {
  answer_add_head(&parked->out, response, answer_closes, true);
  parked_send(parked, parked->head_only ? STR("") : response->body);
}
