// Whether the other processes of this machine go on. One that is frozen (SIGSTOP, a frozen container, a debugger) is
// there, and does nothing.
#ifndef WEMOON_SCRIPT_PROCESS_WATCH_H
#define WEMOON_SCRIPT_PROCESS_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

typedef struct ProcessWatch ProcessWatch;

// `name` of this process (process_name.h) outlives it. `frozen_us`: a process that has used no CPU time for so long is
// frozen. NULL without memory.
ProcessWatch *process_watch_new(Str name, int64_t frozen_us);
void process_watch_free(ProcessWatch *watch);  // NULL is allowed
// As process_look, but a frozen process counts as ended. For that it is to be looked at every few seconds. Any thread.
bool process_watch_look(ProcessWatch *watch, Str process, bool *alive);

#endif
