#include "base/log_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"

static atomic_int file_fd = -1;  // -1: standard error
static char *file_path;          // set before threads start
static atomic_int_least64_t looked_s;
static atomic_bool is_torn;  // the file ends within a line, because its disk was full
static atomic_uint_least64_t dropped, untold;

// Standard error when it is no regular file, with `mutex`.
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct {
  dev_t dev;
  ino_t ino;
  int fd;  // an open description of our own, non-blocking; -1: there is none
  bool is_socket;
  Buf rest;  // of a line that was written in part; it is written first
} peer = { .fd = -1 };

// ---- a file -------------------------------------------------------------------------------------

// The new file replaces the old one under its descriptor: a thread in the middle of a write finishes in the old file.
static bool open_file(void) {
  int fd = file_open_to_append(file_path, 0640);
  if (fd < 0) return false;
  file_widen_pipe(fd);
  atomic_store(&is_torn, false);
  int expected = -1;
  if (atomic_compare_exchange_strong(&file_fd, &expected, fd)) return true;
  bool moved = dup3(fd, expected, O_CLOEXEC) >= 0;
  close(fd);
  return moved;
}

bool log_sink_to_file(const char *path) {
  char *copy = strdup(path), *before = file_path;
  if (!copy) return false;
  file_path = copy;
  if (open_file()) {
    free(before);
    return true;
  }
  file_path = before;
  free(copy);
  return false;
}

void log_sink_reopen(void) {
  if (file_path) open_file();
}

// Reopens a file that was renamed or deleted; looks once a second at most.
static void follow_rename(void) {
  int64_t now_s = clock_coarse_us() / 1000000,
          before = atomic_load_explicit(&looked_s, memory_order_relaxed);
  struct stat named, written;
  if (now_s == before || !atomic_compare_exchange_strong(&looked_s, &before, now_s)) return;
  bool same = stat(file_path, &named) == 0 && fstat(file_fd, &written) == 0 &&
              named.st_ino == written.st_ino && named.st_dev == written.st_dev;
  if (!same) open_file();
}

static bool write_to_file(int fd, Str lines) {
  bool was_torn = atomic_load_explicit(&is_torn, memory_order_relaxed), torn = was_torn;
  Str rest = file_write_lines(fd, lines, &torn);
  if (torn != was_torn) atomic_store(&is_torn, torn);
  return rest.len == 0;
}

// ---- the reader of standard error ------------------------------------------------------------------

// Standard error may be shared with processes that expect it to block, so O_NONBLOCK is set on a description
// of our own. A socket has none: its writes say MSG_DONTWAIT.
static void meet_peer(const struct stat *now) {
  if (peer.fd >= 0) close(peer.fd);
  buf_clear(&peer.rest);
  peer.dev = now->st_dev;
  peer.ino = now->st_ino;
  peer.is_socket = S_ISSOCK(now->st_mode);
  peer.fd =
      peer.is_socket ? -1 : open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (peer.fd >= 0) file_widen_pipe(peer.fd);
}

static bool can_take(void) {
  struct pollfd one = { .fd = STDERR_FILENO, .events = POLLOUT };
  return poll(&one, 1, 0) == 1 && (one.revents & POLLOUT);
}

static ssize_t write_now(Str bytes) {
  if (peer.is_socket) return send(STDERR_FILENO, bytes.ptr, bytes.len, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (peer.fd >= 0) return write(peer.fd, bytes.ptr, bytes.len);
  return can_take() ? write(STDERR_FILENO, bytes.ptr, bytes.len) : -1;
}

// Writes as much as possible without waiting; returns the rest.
static Str write_some(Str bytes) {
  while (bytes.len) {
    ssize_t written = write_now(bytes);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    bytes = str_sub(bytes, (size_t)written, bytes.len);
  }
  return bytes;
}

static bool finish_rest(void) {
  Str left = write_some(buf_str(&peer.rest));
  if (left.len) memmove(peer.rest.ptr, left.ptr, left.len);
  peer.rest.len = left.len;
  return left.len == 0;
}

static bool write_to_peer(const struct stat *now, Str lines) {
  if (now->st_ino != peer.ino || now->st_dev != peer.dev) meet_peer(now);
  if (!finish_rest()) return false;
  Str left = write_some(lines);
  if (left.len == lines.len) return false;
  buf_add(&peer.rest, left);
  return true;
}

static bool write_to_stderr(Str lines) {
  struct stat now;
  if (fstat(STDERR_FILENO, &now) != 0) return false;
  if (S_ISREG(now.st_mode)) return write_to_file(STDERR_FILENO, lines);
  pthread_mutex_lock(&mutex);
  bool taken = write_to_peer(&now, lines);
  pthread_mutex_unlock(&mutex);
  return taken;
}

bool log_sink_is_terminal(void) {
  int fd = file_fd;
  return isatty(fd >= 0 ? fd : STDERR_FILENO);
}

bool log_sink_write(Str lines) {
  if (file_path) follow_rename();
  int fd = file_fd;
  return fd >= 0 ? write_to_file(fd, lines) : write_to_stderr(lines);
}

void log_sink_count_dropped(void) {
  atomic_fetch_add_explicit(&dropped, 1, memory_order_relaxed);
  atomic_fetch_add_explicit(&untold, 1, memory_order_relaxed);
}

uint64_t log_sink_untold(void) { return atomic_load_explicit(&untold, memory_order_relaxed); }

uint64_t log_sink_dropped(void) { return atomic_load_explicit(&dropped, memory_order_relaxed); }

void log_sink_told(uint64_t lines) { atomic_fetch_sub(&untold, lines); }
