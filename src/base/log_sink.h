// Where the lines of the log go: standard error or a file. A write never waits for its reader: a line that a pipe, a
// terminal or a socket does not take at once is dropped and counted.
#ifndef WEMOON_BASE_LOG_SINK_H
#define WEMOON_BASE_LOG_SINK_H

#include "base/str.h"

// Appends lines to that file from now on. It is created (mode 0640) if it is missing, and reopened by the first line
// that is written a second or more after it was renamed (logrotate). Call it before threads start. False with errno:
// nothing was changed.
bool log_sink_to_file(const char *path);
void log_sink_reopen(void);  // the file, if there is one
bool log_sink_is_terminal(void);
// Writes a whole line; false if it was dropped. Any thread; lines do not mix.
bool log_sink_write(Str line);
// Dropped lines: counts one; the total of the process; those not yet reported in the log; marks so many as reported.
void log_sink_count_dropped(void);
uint64_t log_sink_dropped(void);
uint64_t log_sink_untold(void);
void log_sink_told(uint64_t lines);

#endif
