// Names of processes, "MACHINE:PID:START:RANDOM". From the name, a process on the same machine can see whether the
// named process has ended.
#ifndef WEMOON_SCRIPT_PROCESS_NAME_H
#define WEMOON_SCRIPT_PROCESS_NAME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum { PROCESS_NAME_SIZE = 96 };

// Writes a new name for this process, a different one at each call. Returns false without random bytes.
bool process_name(char out[PROCESS_NAME_SIZE]);
// Checks whether `process` still runs, which sets *alive; an earlier name of this process counts as ended. Returns
// false if `process` is on another machine than `mine`, a name of this process.
bool process_look(Str mine, Str process, bool *alive);
// Returns the CPU time that the threads of a process on this machine have used, in nanoseconds; -1 if the time is not
// visible.
int64_t process_used_ns(Str process);

#endif
