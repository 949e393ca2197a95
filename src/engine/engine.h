// An engine: a Lua state with its lock, its limits and its thread. Callers can stop the code that runs in it, and wait
// for its end. The layers above load libraries and scripts.
//
// One thread at a time uses the state, between engine_enter and engine_leave. This span is called a slice. A slice
// may use cpu_us_max of CPU time. If a call in a slice never returns, the engine can be given up (engine_give_up).
#ifndef WEMOON_ENGINE_ENGINE_H
#define WEMOON_ENGINE_ENGINE_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "engine/task_state.h"

typedef struct Engine Engine;

typedef struct {
  int64_t cpu_us_max;       // CPU time of one slice; 0: no limit
  size_t memory_max;        // bytes of the state; 0: no limit
  int64_t task_timeout_ms;  // after it, a task with a limit (task_limit) is cancelled; 0: never
  bool allow_shell;         // keeps os.execute and io.popen
  // The code is the user's own and comes to an end: it runs without the guard's hook, which costs each instruction. A
  // loop of Lua cannot be stopped then; cpu_us_max, engine_interrupt and engine_give_up reach only calls of C.
  bool trusted;
  const char *library;  // the name of the user's library, for messages; outlives the engine
  // The prefix of the chunk names of the user's own Lua files: errors and log lines never point into these files.
  // Outlives the engine; NULL if there are none.
  const char *own_chunks;
  // Appends line number `line`, without its line end, of the text that the chunk `file` was loaded from. False if the
  // text is unknown: the file is read instead. NULL: the file is always read.
  bool (*source_line)(void *user, Str file, int64_t line, Buf *out);
  // Opens the user's libraries, once, after the standard ones. Called in protected mode: it may raise. NULL if there
  // are none.
  lua_CFunction open;
  // Called after the state was closed and before anything of the engine is freed. May be called on any thread. NULL:
  // not called.
  void (*closing)(void *user);
  // Frees `user`, after the state was closed and the engine freed. May be called on any thread. NULL if there is
  // nothing to free. Not called if engine_new fails.
  void (*closed)(void *user);
  void *user;  // C functions get it with engine_user
  // Called for each task that failed, was stopped or ran out of time, except the task of a run (run.h): run_wait
  // reports that one to its caller. The engine is entered. NULL: not called.
  void (*failed)(void *user);
  // Takes each line that Lua's print writes, with its end, on the thread of the script; NULL: standard output does.
  // With the next two it also takes any other text, as io.stdout and io.stderr get it.
  void (*print)(void *user, Str text);
  bool takes_stdout;
  bool takes_stderr;
} EngineOptions;

// Creates an engine. NULL with ERR_MEMORY or ERR_FAILED (`open` raised). An engine is reference-counted: engine_retain
// adds a reference, engine_release drops one. The last engine_release cancels suspended tasks and closes the state; it
// returns even if a finalizer of the script does not. The caller of any function below must hold a reference during
// the call.
Engine *engine_new(const EngineOptions *options, Err *err);
Engine *engine_retain(Engine *engine);
void engine_release(Engine *engine);

// Every coroutine of a state has a pointer to this in its extra space.
typedef struct {
  Engine *engine;
  void *user;
  const char *library, *own_chunks;  // as in EngineOptions
} EngineLink;

// What belongs to the state of L, a coroutine of it: its link, its engine, and EngineOptions.user.
static inline const EngineLink *engine_link(lua_State *L) {
  return *(EngineLink **)lua_getextraspace(L);
}
static inline Engine *engine_of(lua_State *L) { return engine_link(L)->engine; }
static inline void *engine_user(lua_State *L) { return engine_link(L)->user; }

// Waits until `deadline_us` (monotonic; INT64_MAX: without limit) for the state, takes it for this thread and begins a
// slice. With ENGINE_SOON it waits only if the state is likely to be free within 10 ms. False at the deadline, or if
// the engine was given up.
enum { ENGINE_SOON = 0 };
bool engine_enter(Engine *engine, int64_t deadline_us);
void engine_leave(Engine *engine);
// Releases the state that the engine's thread reserves for a turn's engine_enter (turn.h). A turn's `take` calls this
// function before it waits for anything else.
void engine_let_go(Engine *engine);
// Like engine_leave, but lets waiting threads get the state first: for a thread that would otherwise win it each time.
void engine_leave_to_others(Engine *engine);
// Returns the main coroutine, for the thread that has entered.
lua_State *engine_main(Engine *engine);

// Starts the engine's own thread, which resumes tasks and runs the timers. Does nothing if the thread runs already.
// False with ERR_FAILED if the system has no thread.
bool engine_start_thread(Engine *engine, Err *err);
// Takes the engine out of service: timers with `ends_with_service` are dropped; tasks go on. Any thread.
void engine_retire(Engine *engine);
bool engine_is_retired(const Engine *engine);
// Ends all suspended tasks (task_is_dropped) if the state is free within a second. Do not call it between engine_enter
// and engine_leave.
void engine_end_tasks(Engine *engine);
// Cancels the tasks of a group (run_set_group) that wait or have not begun, as engine_cancel_tasks does; `count` gets
// how many. False if the state is not free within a second. Any thread, but not between engine_enter and engine_leave.
bool engine_end_group(Engine *engine, uint64_t group, size_t *count);
// Returns when the next timer is due (monotonic, microseconds), or INT64_MAX if there is none. Any thread.
int64_t engine_next_timer_us(Engine *engine);
// Makes the engine's thread check its timers again, after clock_advance moved the time. Any thread.
void engine_wake(Engine *engine);
// Stops every task soon, including tasks that run_wait runs without a limit. New tasks are stopped too, until run_wait
// is called again. Any thread.
void engine_interrupt(Engine *engine);
// Stops the task of the latest run_wait soon, and the tasks that came from it. Other tasks go on; a slice of theirs
// that does not pause within 100 ms is stopped too, since nothing else can run meanwhile. Any thread.
void engine_interrupt_run(Engine *engine);

// Set the place, "file:line", at which a slice is reported until the guard has seen a better one: engine_set_entry for
// every slice, engine_set_place for the running slice.
void engine_set_entry(Engine *engine, const char *place);
void engine_set_place(Engine *engine, const char *place);

// Whether a slice is in a call that cannot be interrupted, for longer than its limits allow. Any thread. Writes to
// `place` (`size` bytes; or NULL and 0) where the slice was last seen.
bool engine_is_stuck(Engine *engine, char *place, size_t size);
// Returns the user and the message of the task that runs, as texts in `text`; empty: none is known. Any thread. What it
// returns holds for a task that is stuck; of one that goes on it may be a mixture with the next one's.
LogSubject engine_subject(Engine *engine, char text[LOG_SUBJECT_SIZE]);
// On the slice's own thread, from a call that takes long and will return: it is not stuck because it is silent. Should
// be called once a second; its CPU time counts all the same.
void engine_goes_on(Engine *engine);
// Gives the engine up: threads can no longer enter it, and suspended tasks end. The thread of the stuck call is left
// running, on idle cores only; the state is closed after the call has returned. Any thread.
void engine_give_up(Engine *engine);
bool engine_is_given_up(const Engine *engine);  // by engine_give_up
TaskLosses engine_losses(const Engine *engine);

// Returns how many turns and threads come before a new one: 0 if the engine is free, INT_MAX if it was given up. Any
// thread; the value may be outdated when the caller reads it.
int engine_queue(Engine *engine);
size_t engine_memory(const Engine *engine);  // bytes in use by Lua
size_t engine_tasks(const Engine *engine);   // suspended tasks
// Return how often Lua was refused memory and how many slices have begun, since the engine was created. Any thread.
uint64_t engine_refusals(const Engine *engine);
uint64_t engine_slices(const Engine *engine);  // begun so far
// Runs one whole cycle of the garbage collector, in a slice of its own. False like engine_enter.
bool engine_collect(Engine *engine, int64_t deadline_us);

#endif
