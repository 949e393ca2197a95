// The work for the engine's thread: turns and timers. No other layer includes this header.
#ifndef WEMOON_ENGINE_INBOX_H
#define WEMOON_ENGINE_INBOX_H

#include <pthread.h>
#include <stdatomic.h>

#include "engine/timers.h"
#include "engine/turns.h"
#include "engine/wait.h"

// Work for the worker, which is the engine's own thread. Reference-counted: every Wait holds a reference, so the inbox
// may outlive the engine.
typedef struct {
  atomic_int holders;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  void (*go_on)(Turn *turn, bool there);
  Turns turns;  // of tasks that can go on or begin, and of engine_await_turn
  Timer **heap;
  size_t heap_count, heap_cap;
  bool timer_was_last;  // the worker's last step was a timer
  bool closing;         // the worker must end
  bool started;         // the worker
  bool closed;          // the worker has closed the state
  bool deserted;        // no thread waits for the worker: the worker frees the engine
  pthread_t thread;
} Inbox;

// Creates an inbox with one reference. `go_on` is the `take` of the turns of waits. NULL without memory.
Inbox *inbox_new(void (*go_on)(Turn *turn, bool there));
void inbox_hold(Inbox *inbox);
void inbox_release(Inbox *inbox);
// Queues the wait and takes over the caller's reference to the wait. inbox->mutex is held.
void inbox_add_locked(Inbox *inbox, Wait *wait);
// Unlocks the mutex and wakes the thread (base/wakeups).
void inbox_tell_and_unlock(Inbox *inbox);
// Removes all turns and calls their `take` with `there` false.
void inbox_drop_turns(Inbox *inbox);

// Removes and returns a timer that is due, or NULL if there is none. inbox->mutex is held.
Timer *timers_take_due(Inbox *inbox);
// Calls, in a slice that runs long, the timers with `in_slice` that are due, or nearly.
void timers_serve_in_slice(Engine *engine);
// Drops the timers with `ends_with_service`. inbox->mutex is held.
void timers_end_service(Inbox *inbox);

#endif
