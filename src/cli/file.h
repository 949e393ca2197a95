// Whole files into memory.
#ifndef WEMOON_CLI_FILE_H
#define WEMOON_CLI_FILE_H

#include "base/buf.h"
#include "base/err.h"

// Appends the bytes of the file, "-" being standard input. ERR_USAGE where it cannot be opened, ERR_FAILED
// where it cannot be read, ERR_TOO_LARGE beyond `max` bytes.
bool file_read(const char *path, size_t max, Buf *out, Err *err);

#endif
