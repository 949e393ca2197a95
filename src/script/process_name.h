// Names of processes, "MACHINE:PID:START:RANDOM". A process sees at once whether another one on its
// machine has ended.
#ifndef WEMOON_SCRIPT_PROCESS_NAME_H
#define WEMOON_SCRIPT_PROCESS_NAME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum { PROCESS_NAME_SIZE = 96 };

// A new name for this process; each call gives another one. False without random bytes.
bool process_name(char out[PROCESS_NAME_SIZE]);
// False if `process` is of another machine than `mine`, a name of this process. Otherwise *alive says whether it
// still runs; a name that this process had before counts as ended.
bool process_look(Str mine, Str process, bool *alive);
// The CPU time that the threads of a process of this machine have used, in nanoseconds; -1 if that cannot be seen.
int64_t process_used_ns(Str process);

#endif
