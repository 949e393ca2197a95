// Reading a whole file, writing all bytes.
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool read_all(FILE *file, const char *name, size_t max, Buf *out, Err *err) {
  char block[16384];
  size_t got, before = out->len;
  while ((got = fread(block, 1, sizeof(block), file)) > 0) {
    if (out->len - before + got > max)
      return err_set(err, ERR_TOO_LARGE, "%s is larger than %zu bytes", name, max);
    buf_add(out, str_make(block, got));
  }
  if (ferror(file))
    return err_set(err, errno == EISDIR ? ERR_USAGE : ERR_FAILED, "cannot read %s: %s", name,
                   strerror(errno));
  if (out->failed) return err_set(err, ERR_MEMORY, "no memory to read %s", name);
  return true;
}

bool file_read(const char *path, size_t max, Buf *out, Err *err) {
  if (strcmp(path, "-") == 0) return read_all(stdin, "standard input", max, out, err);
  FILE *file = fopen(path, "rbe");
  if (!file) return err_set(err, ERR_USAGE, "cannot open %s: %s", path, strerror(errno));
  bool ok = read_all(file, path, max, out, err);
  fclose(file);
  return ok;
}

bool file_append(const char *path, size_t max, Buf *out) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  size_t before = out->len;
  ssize_t n = 1;
  while (n > 0 && out->len - before <= max && buf_reserve(out, 16384)) {
    n = read(fd, out->ptr + out->len, 16384);
    if (n > 0) out->len += (size_t)n;
  }
  int failed = out->failed ? ENOMEM : n < 0 ? errno : out->len - before > max ? EFBIG : 0;
  close(fd);
  errno = failed;
  return !failed;
}

// A pipe that is open for reading too can be opened without a reader, and outlives one that goes away. One that may
// only be written to cannot.
int file_open_to_append(const char *path, mode_t mode) {
  struct stat info;
  bool is_pipe = stat(path, &info) == 0 && S_ISFIFO(info.st_mode);
  int flags = is_pipe ? O_RDWR : O_WRONLY | O_APPEND | O_CREAT;
  int fd = open(path, flags | O_NONBLOCK | O_CLOEXEC, mode);
  return fd < 0 && is_pipe && errno == EACCES ? open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC) : fd;
}

Str file_write_some(int fd, Str bytes) {
  while (bytes.len) {
    ssize_t n = write(fd, bytes.ptr, bytes.len);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    bytes = str_sub(bytes, (size_t)n, bytes.len);
  }
  return bytes;
}

bool file_write_all(int fd, Str bytes) { return file_write_some(fd, bytes).len == 0; }

Str file_write_lines(int fd, Str lines, bool *cut) { return file_write_on(fd, lines, lines, cut); }

Str file_write_on(int fd, Str lines, Str rest, bool *cut) {
  bool has_begun = rest.len < lines.len;
  if (!has_begun && *cut && !file_write_all(fd, STR("\n"))) return rest;
  rest = file_write_some(fd, rest);
  *cut = rest.len > 0 && rest.len < lines.len && rest.ptr[-1] != '\n';
  return rest;
}

enum { PIPE_BYTES = 1 << 20 };

void file_widen_pipe(int fd) {
  int bytes = fcntl(fd, F_GETPIPE_SZ);
  if (bytes >= 0 && bytes < PIPE_BYTES) fcntl(fd, F_SETPIPE_SZ, PIPE_BYTES);
}

// ---- before a file is opened --------------------------------------------------------------------

Str file_folder(const char *path) {
  const char *slash = strrchr(path, '/');
  return str_make(path, slash ? (size_t)(slash - path) + 1 : 0);
}

// For file systems without O_TMPFILE; those of the kernel (/proc) refuse this too.
static bool folder_takes_named_files(const char *folder) {
  char name[PATH_MAX];
  if (snprintf(name, sizeof name, "%s.wemoon-XXXXXX", folder) >= (int)sizeof name) {
    errno = ENAMETOOLONG;
    return false;
  }
  int fd = mkostemp(name, O_CLOEXEC);
  if (fd < 0) return false;
  unlink(name);
  close(fd);
  return true;
}

// access() would not do: root may write every folder, and /proc takes no file all the same.
static bool folder_takes_files(const char *path) {
  char folder[PATH_MAX];
  Str named = file_folder(path);
  if (named.len == 0) named = STR("./");
  if (snprintf(folder, sizeof folder, "%.*s", STR_FMT(named)) >= (int)sizeof folder) {
    errno = ENAMETOOLONG;
    return false;
  }
  int fd = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
  if (fd >= 0) close(fd);
  return fd >= 0 || ((errno == EOPNOTSUPP || errno == EISDIR) && folder_takes_named_files(folder));
}

bool file_would_open(const char *path) {
  struct stat info;
  if (stat(path, &info) != 0) return errno == ENOENT && folder_takes_files(path);
  if (S_ISDIR(info.st_mode)) errno = EISDIR;
  return !S_ISDIR(info.st_mode) && access(path, W_OK) == 0;
}
