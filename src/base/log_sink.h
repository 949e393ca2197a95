// Where the lines of the log go: standard error or a file. A write never waits for the reader of the other
// end: a line that a pipe, a terminal or a socket does not take at once is dropped and counted.
#ifndef WEMOON_BASE_LOG_SINK_H
#define WEMOON_BASE_LOG_SINK_H

#include "base/str.h"

// Lines go to the end of that file from now on; it is created (mode 0640) if it is missing, and reopened by
// the first line written a second or more after it was renamed (logrotate). Call it before threads start.
// False with errno: nothing has changed.
bool log_sink_to_file(const char *path);
void log_sink_reopen(void);  // the file, if there is one
// Writes a whole line. False when it was dropped. Any thread; lines do not mix.
bool log_sink_write(Str line);
// Lines that were dropped: count one more; all since the process began; those of them that no line of the log
// has reported yet; so many have been reported.
void log_sink_count_dropped(void);
uint64_t log_sink_dropped(void);
uint64_t log_sink_untold(void);
void log_sink_told(uint64_t lines);

#endif
