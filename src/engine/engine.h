// An engine: a Lua state with its lock, its limits and its thread. What runs in it can be stopped, and waited
// for. The layers above put libraries and scripts into it.
//
// A state is used by one thread at a time, between engine_enter and engine_leave: that is a slice. Every
// slice has cpu_us_max of CPU time; one that does not come back can be given up.
#ifndef WEMOON_ENGINE_ENGINE_H
#define WEMOON_ENGINE_ENGINE_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

typedef struct Engine Engine;

typedef struct {
  int64_t cpu_us_max;       // CPU time of one slice; 0: no limit
  size_t memory_max;        // bytes of the state; 0: no limit
  int64_t task_timeout_ms;  // a task with a limit (task_limit) is cancelled after this; 0: never
  bool allow_shell;         // os.execute and io.popen
  const char *library;      // the name of the user's library, for messages; outlives the engine
  // How the chunk names of the user's own Lua files begin: errors and log lines never point there. Outlives
  // the engine; NULL if there are none.
  const char *own_chunks;
  // Appends the line with that number, without its end, of the text that the chunk `file` was loaded from.
  // False if that text is not known: then the file is read. NULL: it always is.
  bool (*source_line)(void *user, Str file, int64_t line, Buf *out);
  // Opens the user's libraries, once, in a state that has the standard ones. Protected: it may raise. NULL
  // if there are none.
  lua_CFunction open;
  // The state is closed and the engine is about to be freed: frees `user`. May be called on any thread. NULL
  // if there is nothing to free. Not called if engine_new fails.
  void (*closed)(void *user);
  void *user;  // engine_user gives it to C functions
  // Called for each task that failed, was stopped or ran out of time, except the task of a run
  // (run.h), whose caller is told. The engine is entered. NULL: not called.
  void (*failed)(void *user);
} EngineOptions;

// NULL with ERR_MEMORY or ERR_FAILED (`open` raised). Counted: free it with engine_release; engine_retain
// adds a holder. The last release closes the state and cancels suspended tasks; it returns even if a
// finalizer of the script does not. The caller of any function below holds the engine meanwhile.
Engine *engine_new(const EngineOptions *options, Err *err);
Engine *engine_retain(Engine *engine);
void engine_release(Engine *engine);

// What every coroutine of a state finds in its extra space.
typedef struct {
  Engine *engine;
  void *user;
  const char *library, *own_chunks;  // as in EngineOptions
} EngineLink;

static inline const EngineLink *engine_link(lua_State *L) {
  return *(EngineLink **)lua_getextraspace(L);
}
static inline Engine *engine_of(lua_State *L) { return engine_link(L)->engine; }
static inline void *engine_user(lua_State *L) { return engine_link(L)->user; }

// Takes the state for this thread and begins a slice. Waits until `deadline_us` (monotonic;
// INT64_MAX: for ever) at most. With ENGINE_SOON it waits only if the state is likely to be free
// within microseconds. False at the deadline, or if the engine was given up.
enum { ENGINE_SOON = 0 };
bool engine_enter(Engine *engine, int64_t deadline_us);
void engine_leave(Engine *engine);
// Gives back the state that is kept for a turn's engine_enter. Called in the turn's `take`, before
// it waits for something else.
void engine_let_go(Engine *engine);
// Like engine_leave, but waiting threads get the state first: for a thread that would otherwise win
// it back each time.
void engine_leave_to_others(Engine *engine);
// The main coroutine, for the thread that has entered.
lua_State *engine_main(Engine *engine);

// Starts the engine's own thread, unless it runs already. It resumes tasks and keeps the timers.
bool engine_start_thread(Engine *engine, Err *err);
// Takes the engine out of service: timers that end with the service are dropped; tasks go on.
void engine_retire(Engine *engine);
bool engine_is_retired(const Engine *engine);
// Ends all suspended tasks (task_is_dropped) if the state is free within a second. The caller has
// not entered the engine.
void engine_end_tasks(Engine *engine);
// When the next timer is due (monotonic, microseconds); INT64_MAX: there is none. Any thread.
int64_t engine_next_timer_us(Engine *engine);
// Time was moved (clock_advance): the thread looks at its timers again.
void engine_wake(Engine *engine);
// Stops every task soon, including those that run_wait runs without a limit, until run_wait is
// called again. Any thread.
void engine_interrupt(Engine *engine);

// The place, "file:line", that a slice is reported at until the guard has seen a better one.
// engine_set_entry sets it for every slice, engine_set_place for the running one.
void engine_set_entry(Engine *engine, const char *place);
void engine_set_place(Engine *engine, const char *place);

// Whether a slice has been in a call that nothing interrupts for longer than its limits allow. Any thread.
// `place` (`size` bytes; NULL with 0) gets where it was last seen.
bool engine_is_stuck(Engine *engine, char *place, size_t size);
// Gives the engine up: no thread can enter it any more, suspended tasks end, and its own thread is
// left alone until the stuck call returns. Then the state is closed.
void engine_give_up(Engine *engine);
bool engine_is_given_up(const Engine *engine);

// How many turns come before a new one: 0 if the engine is free, INT_MAX if it was given up. Any
// thread; the answer may be outdated when it is read.
int engine_queue(Engine *engine);
size_t engine_memory(const Engine *engine);  // bytes in use by Lua
size_t engine_tasks(const Engine *engine);   // suspended tasks
// So far: how often Lua was refused memory, and how many slices have begun. Any thread.
uint64_t engine_refusals(const Engine *engine);
uint64_t engine_slices(const Engine *engine);
// A whole cycle of the collector, in a slice. False at the deadline, as engine_enter.
bool engine_collect(Engine *engine, int64_t deadline_us);

#endif
