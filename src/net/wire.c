// The accept, poll, recv and send that libcivetweb calls.
//
// Keeps the headers from defining recv and poll as inline functions.
#undef _FORTIFY_SOURCE
#include "net/wire.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

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
  // Of a connection that is kept: its reads block so long. 0: they do not block.
  int block_ms;
  // What a blocking read returned, for recv.
  bool has_read;
  ssize_t read_len;
  int read_error;
  // The bytes behind the head of a plain or chunked request: in that buffer, beyond the length that libcivetweb knows.
  const char *rest;
  size_t rest_len;
  int64_t came_us, arrived_us;
  Connection *connection;
} Wire;

enum { DESCRIPTORS_MAX = 65536 };

static _Thread_local Wire wire = { .fd = -1 };
static _Thread_local PlainHead plain_head;

// ---- when it came -------------------------------------------------------------------------------

// By descriptor: when its connection was accepted. The accepting thread writes it before it passes
// the descriptor to the reading thread.
static atomic_int_least64_t accepted_us[DESCRIPTORS_MAX];

__attribute__((visibility("default"))) int accept(int fd, struct sockaddr *restrict address,
                                                  socklen_t *restrict len) {
  int accepted = accept4(fd, address, len, 0);
  if (accepted >= 0 && accepted < DESCRIPTORS_MAX)
    atomic_store_explicit(&accepted_us[accepted], clock_now_us(), memory_order_relaxed);
  return accepted;
}

// When the first of the bytes just read arrived: the connection may have waited for its thread. The kernel counts in
// ticks, so that bytes of this moment may be a tick old: such an age counts as none, or a request would seem to have
// arrived before an earlier one, which was answered.
static int64_t when_it_came(int fd) {
  enum { TICK_MS = 10 };  // the longest
  struct tcp_info info;
  socklen_t len = sizeof info;
  int64_t now_us = clock_now_us();
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0) return now_us;
  if (info.tcpi_last_data_recv <= TICK_MS) return now_us;
  return now_us - (int64_t)info.tcpi_last_data_recv * 1000;
}

static int64_t when_it_was_accepted(int fd) {
  return fd < DESCRIPTORS_MAX ? atomic_load_explicit(&accepted_us[fd], memory_order_relaxed) : 0;
}

static void note_first_bytes(int fd) {
  int64_t accepted = when_it_was_accepted(fd);
  wire.fd = fd;
  wire.came_us = when_it_came(fd);
  wire.arrived_us = accepted > 0 && accepted < wire.came_us ? accepted : wire.came_us;
}

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
  wire.rest = wire.buffer + head_length;
  wire.rest_len = wire.held - head_length;
  wire.held = wire.head;
}

// The head is complete. Returns how many of the last `n` bytes libcivetweb may see.
static ssize_t take_head(ssize_t n) {
  wire.in_head = wire.taken = false;
  Lines lines = look_at_lines(wire.buffer, wire.head, WIRE_MASK);
  // libcivetweb stops at a control character. It would drop lines of a malformed head, and after blank ones
  // continue with the remains of an earlier request in its buffer.
  if (lines.broken) wire.buffer[wire.head - 1] = '\x01';
  wire.masked = lines.codings;
  if (!wire.masked) return n;
  hide_rest(wire.head);
  return n - (ssize_t)wire.rest_len;
}

// Gives libcivetweb a shorter head in place of a plain one. False if the bytes are not one plain head and, at most, its
// body.
static bool take_plain_head(void) {
  static const char substitute[] = "GET / HTTP/1.1\r\n\r\n";
  if (!plain_head_read(str_make(wire.buffer, wire.held), &plain_head) ||
      wire.held - plain_head.len > plain_head.body_len)
    return false;
  wire.in_head = wire.taken = false;
  wire.plain = true;
  wire.masked = 0;
  wire.head = sizeof substitute - 1;
  hide_rest(plain_head.len);
  memcpy(wire.buffer, substitute, wire.head);
  return true;
}

static ssize_t take(int fd, char *bytes, size_t room, ssize_t n) {
  if (n <= 0) {
    wire.ended = n == 0;
    return n;
  }
  if (!wire.buffer) {
    wire.buffer = bytes;
    wire.room = room;
  }
  if (wire.fd < 0) note_first_bytes(fd);
  else if (wire.came_us == 0) wire.came_us = wire.arrived_us = clock_now_us();
  size_t before = (size_t)(bytes - wire.buffer);
  wire.held = before + (size_t)n;
  if (before == 0 && take_plain_head()) return (ssize_t)wire.head;
  wire.head = head_len(wire.buffer, before, wire.held);
  if (wire.head) return take_head(n);
  connection_reads(wire.connection);
  return n;
}

// ---- waiting for the next head -------------------------------------------------------------------

// Whether libcivetweb waits for the first bytes of a further request on its connection.
static bool waits_for_head(const struct pollfd *list, nfds_t count, int timeout_ms) {
  return wire.in_head && wire.held == 0 && wire.room > 0 && !wire.last && !wire.ended &&
         !wire.has_read && count == 1 && list->fd == wire.fd && (list->events & POLLIN) &&
         timeout_ms > 0 && (wire.block_ms == 0 || timeout_ms == wire.block_ms);
}

static bool make_reads_block(int for_ms) {
  struct timeval limit = { .tv_sec = for_ms / 1000, .tv_usec = for_ms % 1000 * 1000 };
  if (setsockopt(wire.fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0 ||
      fcntl(wire.fd, F_SETFL, 0) != 0)
    return false;
  wire.block_ms = for_ms;
  return true;
}

// Returns what poll would. After a SIGSTOP a read with a timeout ends early (signal(7)): libcivetweb calls again.
static int read_next(struct pollfd *one) {
  ssize_t n = recvfrom(wire.fd, wire.buffer, wire.room, 0, NULL, NULL);
  one->revents = 0;
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
  wire.has_read = true;
  wire.read_len = n;
  wire.read_error = n < 0 ? errno : 0;
  one->revents = POLLIN;
  return 1;
}

static int poll_now(struct pollfd *list, nfds_t count, int timeout_ms) {
  struct timespec limit = { .tv_sec = timeout_ms / 1000, .tv_nsec = timeout_ms % 1000 * 1000000L };
  return ppoll(list, count, timeout_ms < 0 ? NULL : &limit, NULL);
}

// Under a name of its own, because libc's header says that poll does not read the list.
__attribute__((visibility("default"))) int wire_poll(struct pollfd *list, nfds_t count,
                                                     int timeout_ms) __asm__("poll");

int wire_poll(struct pollfd *list, nfds_t count, int timeout_ms) {
  if (waits_for_head(list, count, timeout_ms) && (wire.block_ms || make_reads_block(timeout_ms)))
    return read_next(list);
  return poll_now(list, count, timeout_ms);
}

// The socket may block by now, but only read_next waits in it.
static int without_waiting(int fd, int flags) {
  return wire.block_ms && fd == wire.fd ? flags | MSG_DONTWAIT : flags;
}

static ssize_t take_read(void *out, size_t len) {
  wire.has_read = false;
  if (wire.read_len < 0) errno = wire.read_error;
  if (wire.read_len <= 0 || out == wire.buffer) return wire.read_len;
  if (len > (size_t)wire.read_len) len = (size_t)wire.read_len;
  memcpy(out, wire.buffer, len);
  return (ssize_t)len;
}

// libc's recv is recvfrom without an address.
__attribute__((visibility("default"))) ssize_t recv(int fd, void *buf, size_t len, int flags) {
  ssize_t n = wire.has_read && fd == wire.fd
                  ? take_read(buf, len)
                  : recvfrom(fd, buf, len, without_waiting(fd, flags), NULL, NULL);
  return wire.in_head ? take(fd, buf, len, n) : n;
}

__attribute__((visibility("default"))) ssize_t send(int fd, const void *bytes, size_t len,
                                                    int flags) {
  return sendto(fd, bytes, len, without_waiting(fd, flags), NULL, 0);
}

// ---- what civetweb.c asks -----------------------------------------------------------------------

const char *wire_untapped(void) {
  if (dlsym(RTLD_DEFAULT, "recv") != (void *)recv) return "recv";
  if (dlsym(RTLD_DEFAULT, "poll") != (void *)wire_poll) return "poll";
  if (dlsym(RTLD_DEFAULT, "send") != (void *)send) return "send";
  return NULL;
}

void wire_open(Connection *connection) {
  wire = (Wire){ .fd = -1, .in_head = true, .connection = connection };
}

void wire_close(void) { wire.in_head = false; }

void wire_take(void) {
  wire.in_head = false;
  wire.taken = true;
}

bool wire_is_taken(void) { return wire.taken || wire.last; }

void wire_end(void) { wire.last = true; }

// The bytes behind the current request in libcivetweb's buffer.
static Str behind(int64_t body_len) {
  size_t body = body_len > 0 ? (size_t)body_len : 0, left = wire.held - wire.head;
  if (wire.head == 0 || body >= left) return str_make("", 0);
  return str_make(wire.buffer + wire.head + body, left - body);
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
  wire.held = next.len;
  wire.head = next.len ? head_len(next.ptr, 0, next.len) : 0;
  wire.in_head = wire.head == 0;
  wire.taken = wire.in_head;
  wire.plain = false;
  wire.masked = 0;
  wire.rest_len = 0;
  wire.came_us = wire.arrived_us = next.len ? clock_now_us() : 0;
}

int wire_descriptor(void) { return wire.fd; }

int64_t wire_came_us(void) { return wire.came_us; }

int64_t wire_arrived_us(void) { return wire.arrived_us; }

int wire_take_away(int stand_in) {
  int taken = wire.fd < 0 ? -1 : fcntl(wire.fd, F_DUPFD_CLOEXEC, 0);
  if (taken < 0) return -1;
  if (dup3(stand_in, wire.fd, O_CLOEXEC) >= 0) return taken;
  close(taken);
  return -1;
}

Str wire_head(void) { return str_make(wire.buffer, wire.held); }

bool wire_is_whole(void) { return wire.head > 0; }

bool wire_has_ended(void) { return wire.ended; }

const PlainHead *wire_plain(void) { return wire.plain ? &plain_head : NULL; }

int wire_masked(void) { return wire.masked; }

bool wire_has_rest(void) { return wire.rest_len > 0; }

// ---- bodies -------------------------------------------------------------------------------------

int wire_read(void *out, size_t len, int timeout_ms) {
  struct pollfd wait = { .fd = wire.fd, .events = POLLIN };
  if (wire.rest_len > 0) {
    if (len > wire.rest_len) len = wire.rest_len;
    memcpy(out, wire.rest, len);
    wire.rest += len;
    wire.rest_len -= len;
    return (int)len;
  }
  if (poll(&wait, 1, timeout_ms) <= 0) return -1;
  return (int)recvfrom(wire.fd, out, len, 0, NULL, NULL);
}

void wire_linger(int max_ms) {
  char bytes[4096];
  int64_t end_ms = clock_now_ms() + max_ms;
  struct pollfd wait = { .fd = wire.fd, .events = POLLIN };
  if (wire.fd < 0) return;
  shutdown(wire.fd, SHUT_WR);
  for (int64_t left; (left = end_ms - clock_now_ms()) > 0;) {
    if (poll(&wait, 1, (int)left) <= 0 ||
        recvfrom(wire.fd, bytes, sizeof bytes, 0, NULL, NULL) <= 0)
      return;
  }
}
