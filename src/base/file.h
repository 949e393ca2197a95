// Reads a whole file, writes all bytes to a descriptor, and what is known of a path before it is opened.
#ifndef WEMOON_BASE_FILE_H
#define WEMOON_BASE_FILE_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

enum { FILE_SOURCE_MAX = 64 << 20 };  // bytes of a file with Lua source

// Appends the bytes of the file; "-" is standard input. ERR_USAGE if it cannot be opened, ERR_FAILED if it
// cannot be read, ERR_TOO_LARGE if it has more than `max` bytes.
bool file_read(const char *path, size_t max, Buf *out, Err *err);
// Appends the bytes of the file. False with errno: EFBIG if it has more than `max` bytes, ENOMEM without memory.
bool file_append(const char *path, size_t max, Buf *out);
// Opens a file to append to, made with `mode` if it is not there; -1 with errno. No write to a named pipe waits for its
// reader, and neither does this: what the pipe has no room for is refused with EAGAIN. A pipe that this process may not
// read needs a reader: without one it is not opened (ENXIO), and a write after the reader has gone is refused (EPIPE).
int file_open_to_append(const char *path, mode_t mode);
// Writes as much of `bytes` as possible, with several calls if necessary. Returns the rest, with errno if there is one.
Str file_write_some(int fd, Str bytes);
// The same; false with errno if some could not be written.
bool file_write_all(int fd, Str bytes);
// The same as file_write_some for whole lines. `cut`: the file ends within a line, because its disk was full or its
// writer was killed: that line is ended before the next one.
Str file_write_lines(int fd, Str lines, bool *cut);
// Goes on where file_write_lines, or this function, left `rest` of `lines`.
Str file_write_on(int fd, Str lines, Str rest, bool *cut);
// The folder of the path, with its slash at the end; empty if the path has none. Points into `path`.
Str file_folder(const char *path);
// Asks for a pipe to hold 1 MB, for a slow reader; leaves a larger one, and what is no pipe.
void file_widen_pipe(int fd);
// Whether the file could be opened for writing now, or made if it is missing; leaves no file behind. False with errno.
bool file_would_open(const char *path);

#endif
