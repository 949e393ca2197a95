// An engine's timers: functions that the engine's thread calls at a given time.
#ifndef WEMOON_ENGINE_TIMERS_H
#define WEMOON_ENGINE_TIMERS_H

#include "engine/engine.h"

// Called on the engine's thread, which has not entered the engine. The timer is no longer armed.
typedef void (*TimerFn)(Engine *engine, void *ctx);

// Owned by the caller, which sets fn, in_slice, ctx and ends_with_service and zeroes the rest. Do not free an armed
// timer.
typedef struct {
  int64_t due_us;  // monotonic; set by timer_add
  TimerFn fn;
  // Called instead of `fn` if the engine is busy with a long slice, on that slice's thread, between two of its
  // instructions: the engine is entered. It does not touch the Lua state. NULL: not called.
  TimerFn in_slice;
  void *ctx;
  bool ends_with_service;  // engine_retire drops the timer
  size_t index;            // in the heap, from 1; 0: not armed
} Timer;

// A timer whose `fn` finds the engine busy may be armed again for so much later: a long slice then calls it meanwhile.
enum { TIMER_SOON_US = 50 * 1000 };

// Arms the timer, or changes its time. In a retired engine a timer with ends_with_service is dropped instead. False
// without memory: the timer is not armed then. Any thread.
bool timer_add(Engine *engine, Timer *timer, int64_t due_us);
// Disarms the timer, on any thread. False if it was not armed: it has fired, `fn` is about to be called, or it was
// dropped.
bool timer_remove(Engine *engine, Timer *timer);
// The same, for a wait's `cancel` (wait.h), which runs with the inbox's mutex held.
bool timer_remove_in_cancel(Engine *engine, Timer *timer);

#endif
