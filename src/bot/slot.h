// The interpreter in service, and how another takes its place: a reload, or a fresh one for one that is
// stuck. Messages under way keep the interpreter that they began on.
#ifndef WEMOON_BOT_SLOT_H
#define WEMOON_BOT_SLOT_H

#include "base/metrics.h"
#include "script/interpreter.h"

#include <time.h>

typedef struct Slot Slot;

// Loads `script`; NULL with the reason. Options, path and metrics (NULL: none) outlive the slot.
Slot *slot_new(const char *script, const InterpreterOptions *options, Metrics *metrics, Err *err);
// Who is told of loads (bot.h, on_load). Before anything else is done with the slot.
void slot_listen(Slot *slot, void (*on_load)(void *ctx, const char *error), void *ctx);
// Calls on_unload of the one in service and lets it go.
void slot_free(Slot *slot);
// The interpreter in service, retained for the caller. Never NULL.
Interpreter *slot_get(Slot *slot);
// Loads the script anew, beside the one in service. Once it loaded and defines on_message, the old one's
// on_unload gives the state, the new one's on_load takes it, and the new one takes over. False with the
// reason: the old one stays. One at a time.
bool slot_reload(Slot *slot, Err *err);
// Gives the interpreter in service up when it is stuck and puts a fresh one in its place. True when that
// happened. `place` is where it was stuck. When no fresh one can be had (`err` says why), the next call tries
// again.
bool slot_replace_stuck(Slot *slot, char *place, size_t size, Err *err);
// Lets go of interpreters that were given up while conversations held them. From time to time.
void slot_sweep(Slot *slot);
// The files a change of which asks for a reload, those of the last load that failed included. In `arena`.
bool slot_files(Slot *slot, Arena *arena, Pairs *files);

// What the last load came to, for health and log: loads so far, and the error of the last one (empty when it
// worked).
typedef struct {
  uint64_t loads, failures;
  struct timespec began;  // when the last one began, on the clock that stamps files
  char error[480];
} SlotStatus;
void slot_status(Slot *slot, SlotStatus *status);

#endif
