// Timers of an engine: functions that the engine's thread calls at a set time.
#ifndef WEMOON_ENGINE_TIMERS_H
#define WEMOON_ENGINE_TIMERS_H

#include "engine/engine.h"

// Called on the engine's thread, which has not entered the engine. The timer is not armed any more.
typedef void (*TimerFn)(Engine *engine, void *ctx);

// Owned by the caller, who sets fn, ctx and ends_with_service and zeroes the rest. It must not be armed when
// it is freed.
typedef struct {
  int64_t due_us;  // monotonic; set once it was armed
  TimerFn fn;
  void *ctx;
  bool ends_with_service;  // engine_retire drops it
  size_t index;            // in the heap, from 1; 0: not armed
} Timer;

// Arms it, or moves it; in a retired engine one that ends with the service is dropped. False without memory:
// it is not armed then. Any thread.
bool timer_add(Engine *engine, Timer *timer, int64_t due_us);
// False if it was not armed: it has fired, may be about to call `fn`, or was dropped. Any thread.
bool timer_remove(Engine *engine, Timer *timer);
// The same inside a wait's `cancel` (wait.h).
bool timer_remove_in_cancel(Engine *engine, Timer *timer);

#endif
