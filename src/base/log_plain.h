// Formats a line of the log that shows its parts as they are, which most lines do.
#ifndef WEMOON_BASE_LOG_PLAIN_H
#define WEMOON_BASE_LOG_PLAIN_H

#include "base/log_line.h"

enum { LOG_PLAIN_MAX = 1024 };

// Writes to `out` what log_line_render appends. Returns its length, or 0 if the line is too long, or if a part of it
// has to be escaped, quoted or hidden.
size_t log_plain_render(const LogLine *line, LogFormat format, char out[LOG_PLAIN_MAX]);

#endif
