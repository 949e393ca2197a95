// Detects whether other processes on this machine make progress. A frozen process (SIGSTOP, a frozen container, a
// debugger) exists but does nothing.
#ifndef WEMOON_SCRIPT_PROCESS_WATCH_H
#define WEMOON_SCRIPT_PROCESS_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

typedef struct ProcessWatch ProcessWatch;

// Creates a watch. `name`, the name of this process (process_name.h), outlives it. `frozen_us`: a process that has used
// no CPU time for that long is frozen. Returns NULL without memory.
ProcessWatch *process_watch_new(Str name, int64_t frozen_us);
void process_watch_free(ProcessWatch *watch);  // NULL is allowed
// Does the same as process_look, but a frozen process counts as ended. To detect that, call it every few seconds for
// each process. Call it from any thread.
bool process_watch_look(ProcessWatch *watch, Str process, bool *alive);

#endif
