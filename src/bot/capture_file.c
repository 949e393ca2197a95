#include "bot/capture_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/scheduling.h"
#include "bot/capture.h"

enum {
  WRITE_EVERY_US = 200 * 1000,  // also what does not fill a batch
  READER_US = 1000000,          // a pipe's reader that took nothing for so long has stopped
  LAST_US = 200 * 1000,         // how long the reader has once the capture closes
  READER_LOOK_MS = 20,          // how long the writer may miss that it closes
  PENDING_MAX = 32 << 20,       // bytes that may wait for the disk
  SAY_EVERY_US = 10000000,      // the shortest time between two warnings about dropped lines
};

struct CaptureFile {
  Batches *batches;
  atomic_uint_least64_t dropped;  // lines dropped since the last warning
  pthread_t thread;
  // The writer's:
  char *path;
  int fd;
  off_t size;
  bool is_torn;  // the file ends within a line
  int64_t said_us;
};

// ---- the file -----------------------------------------------------------------------------------

// Whether the file ends within a line, because its writer was killed or the disk was full.
static bool ends_within_line(const char *path, off_t size) {
  char last = '\n';
  int fd = size > 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (fd >= 0 && pread(fd, &last, 1, size - 1) <= 0) last = '\n';
  if (fd >= 0) close(fd);
  return last != '\n';
}

static bool open_file(CaptureFile *file) {
  struct stat info;
  int fd = file_open_to_append(file->path, 0600);
  if (fd < 0) return false;
  if (file->fd >= 0) close(file->fd);
  file->fd = fd;
  file_widen_pipe(fd);
  bool known = fstat(fd, &info) == 0;
  file->size = known ? info.st_size : 0;
  if (known && S_ISREG(info.st_mode)) fchmod(fd, 0600);  // not /dev/null, which is everybody's
  file->is_torn = ends_within_line(file->path, file->size);
  return true;
}

// Writes the name "FILE.n", or for 0 the file's own name.
static void name_of(const CaptureFile *file, int n, char *name, size_t size) {
  if (n == 0) snprintf(name, size, "%s", file->path);
  else snprintf(name, size, "%s.%d", file->path, n);
}

// If the last rotation could not open a new file, the one that is written has its next name already.
static void rotate(CaptureFile *file) {
  char from[PATH_MAX], to[PATH_MAX];
  if (access(file->path, F_OK) != 0) {
    open_file(file);
    return;
  }
  for (int n = CAPTURE_FILES - 1; n > 0; n--) {
    name_of(file, n - 1, from, sizeof from);
    name_of(file, n, to, sizeof to);
    rename(from, to);
  }
  open_file(file);
}

// Reopens the file if another process has rotated it, or if it was moved.
static void follow_rename(CaptureFile *file) {
  struct stat named, written;
  bool same = stat(file->path, &named) == 0 && fstat(file->fd, &written) == 0 &&
              named.st_ino == written.st_ino && named.st_dev == written.st_dev;
  if (!same) open_file(file);
  else file->size = written.st_size;  // other processes write too
}

static size_t count_lines(Str lines) {
  size_t count = 0;
  for (size_t i = 0; i < lines.len; i++) count += lines.ptr[i] == '\n';
  return count;
}

static void count_dropped(CaptureFile *file, uint64_t lines) {
  atomic_fetch_add_explicit(&file->dropped, lines, memory_order_relaxed);
}

void capture_file_count_dropped(CaptureFile *file) { count_dropped(file, 1); }

static void say_dropped(CaptureFile *file, const char *why) {
  int64_t now_us = clock_real_us();
  bool any = atomic_load_explicit(&file->dropped, memory_order_relaxed) > 0;
  if (!any || now_us - file->said_us < SAY_EVERY_US) return;
  uint64_t dropped = atomic_exchange_explicit(&file->dropped, 0, memory_order_relaxed);
  file->said_us = now_us;
  log_warn("capture: messages were not written to %s: %s dropped=%llu", file->path, why,
           (unsigned long long)dropped);
}

// Whether the writer, which waits for the reader since then, should give it up.
static bool has_waited(const CaptureFile *file, int64_t since_us) {
  int64_t ended_us = batches_ended_us(file->batches);
  return clock_now_us() >= (ended_us ? ended_us + LAST_US : since_us + READER_US);
}

// Returns whether the pipe has room again. Lines may wait in the batches meanwhile. False with EAGAIN.
static bool await_reader(CaptureFile *file) {
  struct pollfd one = { .fd = file->fd, .events = POLLOUT };
  int64_t since_us = clock_now_us();
  while (!has_waited(file, since_us))
    if (poll(&one, 1, READER_LOOK_MS) > 0) return true;
  errno = EAGAIN;
  return false;
}

// A batch may be larger than what a pipe takes: its rest is written as the reader makes room. Returns what was not
// written.
static Str write_as_read(CaptureFile *file, Str lines) {
  Str rest = file_write_lines(file->fd, lines, &file->is_torn);
  while (rest.len && errno == EAGAIN && await_reader(file))
    rest = file_write_on(file->fd, lines, rest, &file->is_torn);
  return rest;
}

// Writes whole lines; rotates the file only between two lines.
static void write_lines(CaptureFile *file, Str lines) {
  if (file->size > 0 && file->size + (off_t)lines.len > CAPTURE_FILE_MAX) rotate(file);
  Str rest = write_as_read(file, lines);
  file->size += (off_t)(lines.len - rest.len);
  if (rest.len == 0) return;
  int failed = errno;
  count_dropped(file, count_lines(rest));
  say_dropped(file, strerror(failed));
}

// ---- the thread ---------------------------------------------------------------------------------

static void write_batches(CaptureFile *file, Batch *batch) {
  if (batch) follow_rename(file);
  for (Batch *next; batch; batch = next) {
    next = batch->next;
    write_lines(file, str_make(batch->text, batch->len));
    batches_give_back(file->batches, batch);
  }
}

// Batches as they fill, and every WRITE_EVERY_US all lines. Woken, it waits for its turn (see scheduling.h): nobody
// waits for it, but the thread that it would stop in the middle of a message.
static void *write_all(void *arg) {
  CaptureFile *file = arg;
  int64_t all_us = 0;
  pthread_setname_np(pthread_self(), "capture");
  scheduling_batch();
  for (bool ends = false; !ends;) {
    ends = batches_ended_us(file->batches) != 0;
    // A time that passes during a write is not moved on before all lines were taken.
    Batch *batch = batches_take(file->batches, all_us);
    if (clock_now_us() >= all_us) all_us = clock_now_us() + WRITE_EVERY_US;
    write_batches(file, batch);
    say_dropped(file, "the disk was too slow");
  }
  return NULL;
}

// ---- opening and closing ------------------------------------------------------------------------

static bool refuse_file(const char *path, Err *err) {
  return err_set(err, ERR_USAGE, "capture: cannot write %s: %s", path, strerror(errno));
}

bool capture_file_would_open(const char *path, Err *err) {
  return file_would_open(path) || refuse_file(path, err);
}

static bool start(CaptureFile *file, const char *path, Err *err) {
  file->batches = batches_new(PENDING_MAX);
  file->path = strdup(path);
  if (!file->batches || !file->path) return err_set(err, ERR_MEMORY, "no memory");
  if (!open_file(file)) return refuse_file(path, err);
  return pthread_create(&file->thread, NULL, write_all, file) == 0 ||
         err_set(err, ERR_FAILED, "capture: no thread could be started to write %s", path);
}

CaptureFile *capture_file_open(const char *path, Err *err) {
  CaptureFile *file = calloc(1, sizeof *file);
  if (!file) {
    err_set(err, ERR_MEMORY, "no memory");
    return NULL;
  }
  *file = (CaptureFile){ .fd = -1, .said_us = -SAY_EVERY_US };
  if (start(file, path, err)) return file;
  capture_file_free(file);
  return NULL;
}

void capture_file_end(CaptureFile *file) {
  batches_end(file->batches);
  pthread_join(file->thread, NULL);
}

void capture_file_free(CaptureFile *file) {
  if (file->fd >= 0) close(file->fd);
  batches_free(file->batches);
  free(file->path);
  free(file);
}

Batches *capture_file_batches(CaptureFile *file) { return file->batches; }
