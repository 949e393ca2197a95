// The poll and recv that libcivetweb calls.
//
// Keeps the headers from defining recv and poll as inline functions.
#undef _FORTIFY_SOURCE
#include "net/wire.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/accepted.h"
#include "net/answer.h"
#include "net/handover.h"
#include "net/tcp_state.h"

typedef struct {
  bool in_head;  // of an HTTP thread, while a head is to come
  bool taken;    // the request at hand was handed on
  bool last;     // no other one will be
  bool ended;
  bool plain;  // plain_head is the head of the current request
  int fd, masked;
  // libcivetweb's buffer, in which heads begin, known from the first byte of a connection on; how many bytes
  // it holds, and how many of them are the head of the current request; 0: the head is incomplete.
  char *buffer;
  size_t held, head;
  size_t room;  // for a head
  // What the thread that called this one has read, for recv.
  bool has_read;
  ssize_t read_len;
  int read_error;
  // The bytes behind the head of a plain or chunked request: in that buffer, beyond the length that libcivetweb knows.
  const char *rest;
  size_t rest_len;
  int64_t came_us, arrived_us;
  Connection *connection;
  WireShare share;
  bool is_watched;         // by the pollers
  int64_t waits_since_us;  // for requests since the thread's own last one; 0: has not waited
  int linger_ms;           // to do before the connection is closed
} Wire;

// An HTTP thread's place for its own connection.
typedef struct {
  Watched watched;  // first
  Handover handover;
  Wire wire;
} Place;

static Wire no_wire = { .fd = -1 };  // of threads without a connection
static _Thread_local Place own = { .watched = { wire_serve } };
// Of the connection at hand: the thread's own, or one that it serves for another thread.
static _Thread_local Wire *wire = &no_wire;
static _Thread_local PlainHead *plain_head;  // NULL before the thread's first request

// Without memory no head is plain: libcivetweb reads it.
static bool read_plain_head(const char *bytes, size_t len) {
  if (!plain_head) plain_head = plain_head_of_thread();
  return plain_head && plain_head_read(str_make(bytes, len), plain_head);
}

// ---- when it came -------------------------------------------------------------------------------

// When the first of the bytes just read arrived: the connection may have waited for its thread. The kernel counts in
// ticks, so that bytes may be a tick younger than it says: that much is not counted, or a request would seem to have
// arrived before it was sent, or before an earlier one that was answered.
static int64_t came_at(const TcpTimes *times) {
  enum { TICK_MS = 10 };  // the longest
  int64_t now_us = clock_now_us(), ago_ms = times->received_ms_ago;
  return ago_ms > TICK_MS ? now_us - (ago_ms - TICK_MS) * 1000 : now_us;
}

static int64_t when_it_came(int fd) {
  TcpTimes times = tcp_times(fd);
  return came_at(&times);
}

// When the client could send. The listener gives a connection with its first bytes, or some time later: what was longer
// than a round trip was the client's silence.
static int64_t made_at(int fd, const TcpTimes *times) {
  enum { ROUND_TRIP_US = 100 * 1000 };  // few are longer, and count as silence
  int64_t accepted = accepted_us(fd), opening = times->opening_us;
  return accepted > 0 && opening > ROUND_TRIP_US ? accepted - opening : accepted;
}

static void note_first_bytes(int fd) {
  TcpTimes times = tcp_times(fd);
  int64_t made_us = made_at(fd, &times);
  wire->fd = fd;
  wire->came_us = came_at(&times);
  wire->arrived_us = made_us > 0 && made_us < wire->came_us ? made_us : wire->came_us;
}

// ---- empty lines --------------------------------------------------------------------------------

// An empty line, which some clients send behind a body, begins no request (RFC 9112, 2.2). More of them in a row do:
// they are refused, and no client lives on them.
static bool is_empty_line(Str bytes) {
  return str_eq(bytes, STR("\r\n")) || str_eq(bytes, STR("\n")) || str_eq(bytes, STR("\r"));
}

static bool is_begun(Str bytes) { return bytes.len > 0 && !is_empty_line(bytes); }

// ---- heads --------------------------------------------------------------------------------------

// The length of the head at the front, as libcivetweb counts it: up to two line feeds, or CR LF twice. 0 if it
// is incomplete. `from` bytes were checked before.
static size_t head_len(const char *head, size_t from, size_t len) {
  size_t at = from > 3 ? from - 3 : 0;
  for (const char *lf; (lf = memchr(head + at, '\n', len - at)); at = (size_t)(lf - head) + 1) {
    size_t next = (size_t)(lf - head) + 1;
    if (next < len && head[next] == '\n') return next + 1;
    if (next > 1 && lf[-1] == '\r' && next + 1 < len && head[next] == '\r' &&
        head[next + 1] == '\n')
      return next + 2;
  }
  return 0;
}

static bool is_coding(const char *line, size_t len) {
  static const char name[] = "transfer-encoding";
  return len >= sizeof name && (*line | 0x20) == *name &&
         strncasecmp(line, name, sizeof name - 1) == 0;
}

// libcivetweb takes a line that begins so for the end of the headers, and drops the rest.
static bool is_broken(const char *line) { return *line <= ' ' || *line > '~' || *line == ':'; }

typedef struct {
  bool broken;
  int codings;
} Lines;

// Checks the beginning of every line; writes `mask`, unless it is 0, where the name of a transfer
// coding begins.
static Lines look_at_lines(char *head, size_t len, char mask) {
  char *end = head + len;
  while (head < end && (*head == '\r' || *head == '\n'))
    head++;  // an empty line in front does no harm
  Lines lines = { .broken = head == end || is_broken(head) };
  for (char *lf = head; (lf = memchr(lf, '\n', (size_t)(end - lf))); lf++) {
    char *line = lf + 1;
    bool last =
        line == end || (*line == '\r' && line + 2 == end) || (*line == '\n' && line + 1 == end);
    if (last) break;
    lines.broken = lines.broken || is_broken(line);
    if (!is_coding(line, (size_t)(end - line))) continue;
    lines.codings++;
    if (mask) *line = mask;
  }
  return lines;
}

// The bytes behind the head are kept from libcivetweb.
static void hide_rest(size_t head_length) {
  wire->rest = wire->buffer + head_length;
  wire->rest_len = wire->held - head_length;
  wire->held = wire->head;
}

// The head is complete. Returns how many of the last `n` bytes libcivetweb may see.
static ssize_t take_head(ssize_t n) {
  wire->in_head = wire->taken = false;
  Lines lines = look_at_lines(wire->buffer, wire->head, WIRE_MASK);
  // libcivetweb stops at a control character. It would drop lines of a malformed head, and after blank ones
  // continue with the remains of an earlier request in its buffer.
  if (lines.broken) wire->buffer[wire->head - 1] = '\x01';
  wire->masked = lines.codings;
  if (!wire->masked) return n;
  hide_rest(wire->head);
  return n - (ssize_t)wire->rest_len;
}

// Gives libcivetweb a shorter head in place of a plain one. False if the bytes are not one plain head and, at most, its
// body.
static bool take_plain_head(void) {
  static const char substitute[] = "GET / HTTP/1.1\r\n\r\n";
  if (!read_plain_head(wire->buffer, wire->held) ||
      wire->held - plain_head->len > plain_head->body_len)
    return false;
  wire->in_head = wire->taken = false;
  wire->plain = true;
  wire->masked = 0;
  wire->head = sizeof substitute - 1;
  hide_rest(plain_head->len);
  memcpy(wire->buffer, substitute, wire->head);
  return true;
}

static void note_time(int fd) {
  if (wire->fd < 0) note_first_bytes(fd);
  else if (wire->came_us == 0) wire->came_us = wire->arrived_us = when_it_came(fd);
}

static ssize_t take(int fd, char *bytes, size_t room, ssize_t n) {
  if (n <= 0) {
    wire->ended = n == 0;
    return n;
  }
  if (!wire->buffer) {
    wire->buffer = bytes;
    wire->room = room;
  }
  size_t before = (size_t)(bytes - wire->buffer);
  wire->held = before + (size_t)n;
  if (wire_is_empty_line()) return n;
  note_time(fd);
  if (before == 0 && take_plain_head()) return (ssize_t)wire->head;
  wire->head = head_len(wire->buffer, before, wire->held);
  if (wire->head) return take_head(n);
  connection_reads(wire->connection);
  return n;
}

// ---- waiting for the next head -------------------------------------------------------------------

// Whether libcivetweb waits for the first bytes of a further request on its connection.
static bool waits_for_head(const struct pollfd *list, nfds_t count, int timeout_ms) {
  return wire->in_head && wire->held == 0 && wire->room > 0 && !wire->last && !wire->ended &&
         !wire->has_read && count == 1 && list->fd == wire->fd && (list->events & POLLIN) &&
         timeout_ms > 0;
}

static int poll_now(struct pollfd *list, nfds_t count, int timeout_ms) {
  struct timespec limit = { .tv_sec = timeout_ms / 1000, .tv_nsec = timeout_ms % 1000 * 1000000L };
  return ppoll(list, count, timeout_ms < 0 ? NULL : &limit, NULL);
}

// Offers the connection to the pollers, one of which may have it before this returns. False if the system refuses.
static bool offer(void) {
  bool again = wire->is_watched;
  if (!wire->share.pollers) return false;
  if (wire->waits_since_us == 0) wire->waits_since_us = clock_coarse_us();
  wire->is_watched = true;
  handover_offer(&own.handover);
  if (pollers_watch(wire->share.pollers, wire->fd, &own, again)) return true;
  // One that heard of its bytes before may have it, and have parked its request: then the descriptor means another.
  if (!handover_withdraw(&own.handover)) return true;
  return wire->is_watched = false;
}

// Returns what poll would. Bytes that no poller was free for are left to this thread.
static int wait_to_be_called(struct pollfd *one, int timeout_ms) {
  one->revents = 0;
  if (!handover_await(&own.handover, timeout_ms)) return poll_now(one, 1, 0);
  if (wire->linger_ms) wire_linger(wire->linger_ms);
  one->revents = POLLIN;
  return 1;
}

// Under a name of its own, because libc's header says that poll does not read the list.
__attribute__((visibility("default"))) int wire_poll(struct pollfd *list, nfds_t count,
                                                     int timeout_ms) __asm__("poll");

int wire_poll(struct pollfd *list, nfds_t count, int timeout_ms) {
  return waits_for_head(list, count, timeout_ms) && offer() ? wait_to_be_called(list, timeout_ms)
                                                            : poll_now(list, count, timeout_ms);
}

// ---- serving a connection from its beginning, or for its thread ---------------------------------

// The longest time since a thread's own last request: then it takes the next one, so that libcivetweb, which counts
// the time in which a connection is idle, has counted at most this much too much.
enum { SPELL_US = 1000 * 1000 };

// Reads what has arrived, for the own thread's next recv. False if nothing has.
static bool read_ahead(Wire *from) {
  ssize_t n = recvfrom(from->fd, from->buffer, from->room, MSG_DONTWAIT, NULL, NULL);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  from->has_read = true;
  from->read_len = n;
  from->read_error = n < 0 ? errno : 0;
  return true;
}

// When the request that was just read arrived. It may have waited for this thread, if that is new or was busy for long
// with the last one: the kernel is asked until one has not waited, since pollers report the oldest first.
static int64_t when_it_came_here(int fd) {
  enum { LATE_US = 10 * 1000 };
  static _Thread_local int64_t last_us;
  static _Thread_local bool is_late;
  int64_t now_us = clock_now_us(), came_us = now_us;
  is_late = is_late || now_us - last_us > LATE_US;
  last_us = now_us;
  if (is_late) came_us = when_it_came(fd);
  is_late = is_late && came_us < now_us;
  return came_us;
}

// Whether what was read is one plain request, with the whole of its body.
static bool is_whole_request(const Wire *of, ssize_t read_len) {
  size_t len = read_len > 0 ? (size_t)read_len : 0;
  if (len == of->room || !read_plain_head(of->buffer, len)) return false;
  return len - plain_head->len == plain_head->body_len;
}

// Serves the request whose head is in plain_head, and whose body follows in the buffer.
static void serve_plain(void) {
  wire->plain = true;
  wire->rest = wire->buffer + plain_head->len;
  wire->rest_len = plain_head->body_len;
  wire->share.serve(wire->share.conn);
}

static void serve_at_once(void) {
  wire->has_read = false;
  wire->held = (size_t)wire->read_len;
  wire->came_us = wire->arrived_us = when_it_came_here(wire->fd);
  wire->head = 0;
  wire->in_head = wire->taken = false;
  serve_plain();
  if (!wire->last) return;
  wire->has_read = true;  // the end of the stream
  wire->read_len = 0;
}

// False too if it is not plain to see.
static bool asks_to_close(void) {
  for (size_t i = 0; i < plain_head->header_count; i++) {
    const Pair *header = &plain_head->headers[i];
    if (str_eq_nocase(header->name, STR("Connection")))
      return str_eq_nocase(header->value, STR("close"));
  }
  return strcmp(plain_head->version, "1.0") == 0;
}

static void serve_first(Wire *first) {
  recvfrom(first->fd, first->buffer, first->held, 0, NULL, NULL);
  wire = first;
  note_first_bytes(first->fd);
  serve_plain();
  wire = &no_wire;
}

WireFirst wire_serve_first(int fd, bool is_watched, WireShare share) {
  char bytes[WIRE_HEAD_MAX];
  ssize_t n = recvfrom(fd, bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT, NULL, NULL);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return WIRE_SILENT;
  if (n <= 0) return WIRE_OVER;
  Wire first = { .fd = fd,
                 .buffer = bytes,
                 .room = sizeof bytes,
                 .held = (size_t)n,
                 .share = share,
                 .is_watched = is_watched };
  if (!is_whole_request(&first, n) || !asks_to_close()) return WIRE_OTHER;
  serve_first(&first);
  return WIRE_OVER;
}

// Whether what was read ahead is to be forgotten: the connection waits as before, and as long.
static bool is_nothing(const Wire *from) {
  return from->read_len > 0 && is_empty_line(str_make(from->buffer, (size_t)from->read_len));
}

// False if its own thread has to go on with the connection. It is never called for nothing: libcivetweb takes that for
// the end.
static bool serve_next(Wire *from) {
  if (!read_ahead(from)) return true;
  if (is_nothing(from)) {
    from->has_read = false;
    return true;
  }
  if (clock_coarse_us() - from->waits_since_us > SPELL_US) return false;
  wire = from;
  bool whole = is_whole_request(wire, wire->read_len);
  if (whole) serve_at_once();
  wire = &no_wire;
  return whole && !from->last;
}

void wire_ready(void *thing, bool has_ended) {
  const Watched *watched = thing;
  watched->ready(thing, has_ended);
}

// The end of the stream behind a request is found by a second look. What was reported to other threads meanwhile may
// have been an end too.
void wire_serve(void *place, bool has_ended) {
  Place *of = place;
  if (!handover_take(&of->handover)) return;
  for (;; has_ended = true) {
    if (!serve_next(&of->wire) || (has_ended && !serve_next(&of->wire)))
      return handover_call(&of->handover);
    if (handover_give_back(&of->handover)) return;
  }
}

// ---- reading ------------------------------------------------------------------------------------

// The bytes are in libcivetweb's buffer already.
static ssize_t take_read(void) {
  wire->has_read = false;
  if (wire->read_len < 0) errno = wire->read_error;
  return wire->read_len;
}

// libc's recv is recvfrom without an address.
__attribute__((visibility("default"))) ssize_t recv(int fd, void *buf, size_t len, int flags) {
  bool is_ours = fd == wire->fd;
  ssize_t n = is_ours && wire->has_read ? take_read() : recvfrom(fd, buf, len, flags, NULL, NULL);
  if (is_ours) wire->waits_since_us = 0;
  return wire->in_head ? take(fd, buf, len, n) : n;
}

// ---- what civetweb.c asks -----------------------------------------------------------------------

const char *wire_untapped(void) {
  if (dlsym(RTLD_DEFAULT, "recv") != (void *)recv) return "recv";
  if (dlsym(RTLD_DEFAULT, "poll") != (void *)wire_poll) return "poll";
  return NULL;
}

void wire_open(Connection *connection, WireShare share) {
  own.wire = (Wire){ .fd = -1, .in_head = true, .connection = connection, .share = share };
  wire = &own.wire;
}

void wire_close(void) { wire->in_head = false; }

void wire_take(void) {
  wire->in_head = false;
  wire->taken = true;
}

bool wire_is_taken(void) { return wire->taken || wire->last; }

void wire_end(void) {
  if (wire != &no_wire) wire->last = true;
}

// The bytes behind the current request in libcivetweb's buffer.
static Str behind(int64_t body_len) {
  size_t body = body_len > 0 ? (size_t)body_len : 0, left = wire->held - wire->head;
  if (wire->head == 0 || body >= left) return str_make("", 0);
  return str_make(wire->buffer + wire->head + body, left - body);
}

bool wire_may_go_on(int64_t body_len) {
  Str next = behind(body_len);
  size_t len = next.len ? head_len(next.ptr, 0, next.len) : 0;
  if (len == 0) return true;
  Lines lines = look_at_lines((char *)next.ptr, len, 0);
  return !lines.broken && lines.codings == 0;
}

void wire_next(int64_t body_len) {
  Str next = behind(body_len);
  wire->held = next.len;
  wire->head = next.len ? head_len(next.ptr, 0, next.len) : 0;
  wire->in_head = wire->head == 0;
  wire->taken = wire->in_head;
  wire->plain = false;
  wire->masked = 0;
  wire->rest_len = 0;
  wire->came_us = wire->arrived_us = is_begun(next) ? clock_now_us() : 0;
  if (wire->in_head && is_begun(next)) connection_reads(wire->connection);
}

int wire_descriptor(void) { return wire->fd; }

int64_t wire_came_us(void) { return wire->came_us; }

int64_t wire_arrived_us(void) { return wire->arrived_us; }

int wire_take_away(int stand_in) {
  int taken = wire->fd < 0 ? -1 : fcntl(wire->fd, F_DUPFD_CLOEXEC, 0);
  if (taken < 0) return -1;
  if (wire->is_watched) pollers_forget(wire->share.pollers, wire->fd);
  wire->is_watched = false;
  if (dup3(stand_in, wire->fd, O_CLOEXEC) >= 0) return taken;
  close(taken);
  return -1;
}

Str wire_head(void) { return str_make(wire->buffer, wire->held); }

bool wire_is_empty_line(void) { return is_empty_line(wire_head()); }

bool wire_is_whole(void) { return wire->head > 0; }

bool wire_has_ended(void) { return wire->ended; }

const PlainHead *wire_plain(void) { return wire->plain ? plain_head : NULL; }

int wire_masked(void) { return wire->masked; }

bool wire_has_rest(void) { return wire->rest_len > 0; }

static bool may_write(int fd, int64_t end_ms) {
  struct pollfd wait = { .fd = fd, .events = POLLOUT };
  int64_t left_ms = end_ms - clock_now_ms();
  return left_ms > 0 && poll_now(&wait, 1, (int)left_ms) > 0;
}

int64_t wire_send(int fd, const void *bytes, size_t len) {
  ssize_t n = 0;
  do n = send(fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  return n < 0 && errno == EAGAIN ? 0 : n;
}

bool wire_write(int fd, const void *bytes, size_t len, int timeout_ms) {
  int64_t end_ms = clock_now_ms() + timeout_ms + (int64_t)(len / ANSWER_SLOWEST);
  for (const char *at = bytes, *end = at + len; at < end;) {
    int64_t n = wire_send(fd, at, (size_t)(end - at));
    if (n < 0 || (n == 0 && !may_write(fd, end_ms))) return false;
    at += n;
  }
  return true;
}

// ---- bodies -------------------------------------------------------------------------------------

int wire_read(void *out, size_t len, int timeout_ms) {
  struct pollfd wait = { .fd = wire->fd, .events = POLLIN };
  if (wire->rest_len > 0) {
    if (len > wire->rest_len) len = wire->rest_len;
    memcpy(out, wire->rest, len);
    wire->rest += len;
    wire->rest_len -= len;
    return (int)len;
  }
  if (poll(&wait, 1, timeout_ms) <= 0) return -1;
  return (int)recvfrom(wire->fd, out, len, 0, NULL, NULL);
}

// Whether this thread serves a connection for the connection's own thread.
static bool is_shared(void) { return wire != &no_wire && wire != &own.wire; }

void wire_linger(int max_ms) {
  char bytes[4096];
  int64_t end_ms = clock_now_ms() + max_ms;
  struct pollfd wait = { .fd = wire->fd, .events = POLLIN };
  if (wire->fd < 0) return;
  shutdown(wire->fd, SHUT_WR);
  if (is_shared()) {
    wire->linger_ms = max_ms;
    return;
  }
  for (int64_t left; (left = end_ms - clock_now_ms()) > 0;) {
    if (poll(&wait, 1, (int)left) <= 0 ||
        recvfrom(wire->fd, bytes, sizeof bytes, 0, NULL, NULL) <= 0)
      return;
  }
}
