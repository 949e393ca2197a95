// The limits of a slice: CPU time, interruption, and how it ends. No other layer includes this header.
#ifndef WEMOON_ENGINE_GUARD_H
#define WEMOON_ENGINE_GUARD_H

#include <pthread.h>
#include <stdatomic.h>
#include <lua.h>

#include "base/buf.h"
#include "base/log.h"
#include "engine/engine.h"
#include "engine/place.h"

typedef enum {
  SLICE_GOES_ON,
  SLICE_OVER_CPU,
  SLICE_INTERRUPTED,
  SLICE_GIVEN_UP,
  SLICE_DIFFERS  // the task differs from its record, or leaves (task_leave)
} SliceEnd;

typedef struct {
  // Read by other threads (stuck.c):
  LogSubjectNote subject;         // whose task runs
  atomic_int_least64_t began_us;  // real monotonic time; 0: no slice runs
  atomic_int_least64_t seen_us;   // when the hook last ran
  atomic_uint_least64_t number;   // slices begun so far
  atomic_int cpu_clock;           // CPU clock of the thread that runs the slice
  // For the thread that runs the slice:
  SliceEnd end;
  atomic_int_least64_t mean_us;  // moving average of a slice's length
  int64_t cpu_began_us;          // thread CPU time at the beginning; -1: not measured yet
  bool warned;                   // of a long slice
  int64_t served_us;            // when the slice last served timers; 0: it has not been long so far
  Buf trace;                    // traceback of the point where the slice was stopped
  Buf inner_text, inner_trace;  // of the error that last left a coroutine created by the script
  pthread_mutex_t mutex;        // guards the fields below
  char place[PLACE_SIZE];
  uint64_t place_number;    // number of the slice that `place` belongs to
  char entry[PLACE_SIZE];   // the place to report until a better one is known
  uint64_t watched_number;  // number of the slice that watched_cpu_us belongs to
  int64_t looked_us;        // when engine_is_stuck was last called
  int64_t watched_cpu_us;   // the thread's CPU time when the slice began
} Slice;

void guard_init(Slice *slice);
void guard_clear(Slice *slice);
// Returns the kernel's id of the thread that runs the slice, or 0 if none does. Any thread.
int slice_thread(const Slice *slice);
// Begins a slice with a fresh budget. The lock is held, for guard_leave and guard_renew too.
void guard_enter(Engine *engine);
void guard_leave(Engine *engine);
// Ends the running slice and begins a new one with a fresh budget.
void guard_renew(Engine *engine);
// Sets the guard's hook on a coroutine, unless the engine runs trusted code. Coroutines that it creates inherit the
// hook.
void guard_watch(lua_State *L);
// Whether the slice may go on; for C code that may run long. If false, the C function must end with guard_unwind.
// Always true if no slice runs. Reads the clock twice: call it about every 50 us.
bool guard_goes_on(lua_State *L);
// Calls guard_goes_on, and guard_unwind if that returns false: then it raises or yields and does not return.
void guard_check(lua_State *L);
// Ends the running task, or its closing of variables, from a C function. As the function's last statement:
// `return guard_unwind(L);`.
int guard_unwind(lua_State *L);
// Returns how often guard_unwind or the hook ended something in the running task; 0 outside a task. A C function that
// finds the count changed since the function began must end with guard_unwind_on.
unsigned guard_forced(lua_State *L);
// Continues the unwinding: raises an error that none of the script's message handlers sees. As the last statement:
// `return guard_unwind_on(L);`.
int guard_unwind_on(lua_State *L);
// Writes where the running slice was last seen. Any thread.
void guard_last_place(Slice *slice, char *place, size_t size);

#endif
