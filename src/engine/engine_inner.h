// An engine, for the files of this layer. No other layer includes this header.
#ifndef WEMOON_ENGINE_ENGINE_INNER_H
#define WEMOON_ENGINE_ENGINE_INNER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/cpu.h"
#include "base/heap.h"
#include "engine/engine.h"
#include "engine/guard.h"
#include "engine/inbox.h"
#include "engine/lock.h"
#include "engine/task.h"
#include "engine/wait.h"

// One nested resume: L resumed co. The list goes from the running coroutine outwards to the task's own.
typedef struct ResumeFrame {
  struct ResumeFrame *up;
  lua_State *L, *co;
  bool yieldable;  // L could yield at the time
} ResumeFrame;

struct Engine {
  EngineLink link;
  // The fields that every slice writes are adjacent: an engine moves between cores, and each cache line costs time.
  _Alignas(CACHE_LINE) Lock lock;
  atomic_int holders;
  atomic_bool given_up, interrupted, retired;
  atomic_bool
      run_ends;  // engine_interrupt_run was called, and suspended tasks were not looked at yet
  // Of engine_interrupt_run: the run, and when it was called (clock_real_us); 0: it was not.
  atomic_uint_least64_t interrupted_run;
  atomic_int_least64_t interrupted_us;
  atomic_uint_least64_t runs;  // begun so far
  // The main coroutine: loads chunks and describes errors. Scripts run in other coroutines.
  lua_State *L;
  atomic_size_t memory;
  Task *task;  // the running task
  Task *idle;  // finished tasks, kept for reuse
  size_t idle_count;
  Slice slice;
  Heap heap;
  char refused[PLACE_SIZE];  // where Lua was last refused memory
  atomic_uint_least64_t refusals;
  Buf warning;                  // the pieces of Lua's current warning
  ResumeFrame *frame;           // innermost; NULL: the task's own coroutine runs
  lua_State *deaf;              // a coroutine whose hook stays off, since an error left its hook
  bool (*force)(lua_State *L);  // task_force; a pointer because tasks use guard.c
  Wait *suspending;             // set between a wait's yield and the end of the task's slice
  EngineOptions options;
  FILE *streams[2];  // of streams.c; NULL: the process's own
  atomic_size_t suspended;
  atomic_size_t ended_lost, go_on_lost;  // engine_losses
  Inbox *inbox;
  Task *parked;          // the suspended tasks; guarded by inbox->mutex
  int counted;           // tasks that run_wait waits for; guarded by inbox->mutex
  pthread_cond_t ended;  // signalled when a task ends that a thread waits for
};

// Waits until the state is free and reserves it for this thread, whose next engine_enter gets it at once. False if the
// engine was given up. engine_let_go releases the state if it was not entered.
bool engine_hold(Engine *engine);
// Creates the Lua state, without libraries. NULL without memory.
lua_State *engine_new_state(Engine *engine);
void engine_close_state(Engine *engine);  // the last call before engine_free
void engine_free(Engine *engine);

// ---- worker.c -----------------------------------------------------------------------------------

// Ends the worker and has the state closed. True if the caller must free the engine; false if the worker will.
bool worker_stop(Engine *engine);

#endif
