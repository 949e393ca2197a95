// Declarations shared by the engine's own files. No other layer includes this header.
#ifndef WEMOON_ENGINE_INTERNAL_H
#define WEMOON_ENGINE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "base/cpu.h"
#include "base/heap.h"
#include "engine/door.h"
#include "engine/engine.h"
#include "engine/lock.h"
#include "engine/luaish.h"
#include "engine/obstacle.h"
#include "engine/place.h"
#include "engine/record.h"
#include "engine/run.h"
#include "engine/task.h"
#include "engine/timers.h"
#include "engine/turns.h"
#include "engine/wait.h"

// ---- guard.c: the limits of a slice -------------------------------------------------------------

typedef enum {
  SLICE_GOES_ON,
  SLICE_OVER_CPU,
  SLICE_INTERRUPTED,
  SLICE_GIVEN_UP,
  SLICE_DIFFERS  // the task differs from its record, or leaves (task_leave)
} SliceEnd;

typedef struct {
  // Read by other threads (stuck.c):
  atomic_int_least64_t began_us;  // real monotonic time; 0: no slice runs
  atomic_int_least64_t seen_us;   // when the hook last ran
  atomic_uint_least64_t number;   // slices begun so far
  atomic_int cpu_clock;           // CPU clock of the thread that runs the slice
  // For the thread that runs the slice:
  SliceEnd end;
  atomic_int_least64_t mean_us;  // moving average of a slice's length
  int64_t cpu_began_us;          // thread CPU time at the beginning; -1: not measured yet
  bool warned;                   // of a long slice
  Buf trace;                     // traceback of the point where the slice was stopped
  Buf inner_text, inner_trace;   // of the error that last left a coroutine created by the script
  pthread_mutex_t mutex;         // guards the fields below
  char place[PLACE_SIZE];
  uint64_t place_number;    // number of the slice that `place` belongs to
  char entry[PLACE_SIZE];   // the place to report until a better one is known
  uint64_t watched_number;  // number of the slice that watched_cpu_us belongs to
  uint64_t looked_number;   // number of the slice at engine_is_stuck's last call, at looked_us
  int64_t looked_us;
  int64_t watched_cpu_us;  // the thread's CPU time when the slice began
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
// Sets the guard's hook on a coroutine. Coroutines that it creates inherit the hook.
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

// ---- failure.c: error reports ----------------------------------------------------------------------

// Keeps the traceback of `co`, a coroutine created by the script, which died of the error value on top of L's stack.
void failure_note_coroutine(lua_State *L, lua_State *co);

// The text of Lua's own memory errors, for which Lua calls no message handler.
#define NO_MEMORY "not enough memory"

// The error of a coroutine. `text`: "file:line: message", newline, source line; `trace`: the traceback.
typedef struct {
  Buf text, trace;
} Failure;
void failure_init(Failure *failure);
void failure_clear(Failure *failure);
// Describes the error on top of the stack of the dead coroutine `co`, or why the slice was ended. Never raises.
void failure_describe(Engine *engine, lua_State *co, Failure *failure);
// Describes the error on top of L's stack, in the message handler that was called with it. Never raises.
void failure_describe_here(lua_State *L, Failure *failure);
// Logs "`doing` failed: ..." with text and traceback.
void failure_log(const Failure *failure, const char *doing);
void failure_to_err(const Failure *failure, Err *err);

// ---- closing.c -----------------------------------------------------------------------------------

// Closes the <close> variables of a coroutine that will not be resumed, and logs their errors. They cannot wait.
void close_coroutine(Engine *engine, lua_State *co);

// ---- inbox.c: turns and timers ------------------------------------------------------------------

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
// Removes all turns and calls their `take` with `there` false.
void inbox_drop_turns(Inbox *inbox);

// ---- timers.c ------------------------------------------------------------------------------------

// Removes and returns a timer that is due, or NULL if there is none. inbox->mutex is held.
Timer *timers_take_due(Inbox *inbox);
// Drops the timers with `ends_with_service`. inbox->mutex is held.
void timers_end_service(Inbox *inbox);

// ---- worker.c: the engine's thread --------------------------------------------------------------

// Ends the worker and has the state closed. True if the caller must free the engine; false if the worker will.
bool worker_stop(Engine *engine);

// ---- wait.c, suspend.c -------------------------------------------------------------------------------------

struct Wait {
  Turn turn;  // the first member, so that a turn in the inbox can be cast to its wait
  atomic_int holders;
  Inbox *inbox;
  Engine *engine;  // valid while `task` is set
  Task *task;      // guarded by the engine's lock; NULL once the task has gone on or ended
  // Guarded by inbox->mutex:
  bool begins;     // the task has not begun
  bool parked;     // the task is suspended
  bool finished;   // the result has arrived
  bool cancelled;  // the task ended first
  WaitPush push;
  WaitDrop drop;
  void *data;
  void (*cancel)(void *ctx);
  void *cancel_ctx;
  char what[48];
};

// Creates the wait of a task, with two references: the task's and the operation's. NULL without memory.
Wait *wait_new(Task *task, const char *what);
// Creates a finished wait, to queue a new task. It has one reference, for the task. NULL without memory.
Wait *wait_over(Task *task);
// The `take` of a wait's turn: resumes the wait's task.
void wait_go_on(Turn *turn, bool there);
// Marks the wait's task as suspended; it goes on when the wait is finished. The lock and inbox->mutex are held.
void wait_park_locked(Wait *wait);
// Ends a wait whose task ends: a later result is dropped, `cancel` is called, and the task's reference is released.
// The lock is held, or the engine is given up.
void wait_cancel(Wait *wait);
void wait_release(Wait *wait);

// ---- record.c, door.c ---------------------------------------------------------------------------

// One call: its task, the function's name, the place in the script and the arguments.
typedef struct {
  uint32_t task;  // the task's number in the record
  Str name, place;
  uint64_t digest;  // of the arguments (pack_digest)
} RecordCall;

// A task's call that is under way.
typedef struct {
  const DoorFunction *function;  // NULL: none
  DoorKind kind;
  uint64_t digest;
  atomic_int *acting;  // the counter that includes this call (record_watch); NULL: not counted
  char place[112];
} Pending;

typedef enum {
  RECORD_VALUES = 'v',  // the call returned these values
  RECORD_RAISED = 'r',  // the call raised before it did anything
  RECORD_ERROR = 'e',   // the call raised this value
} RecordEntryKind;

typedef struct {
  RecordEntryKind kind;
  RecordCall call;
  Str values;  // packed, in the record's memory
} RecordEntry;

struct Record {
  atomic_int holders;
  Buf entries;
  size_t at;   // offset of the next entry to replay
  Buf loaded;  // the calls that were under way when the record was saved, as written
  uint64_t loaded_count;
  bool replaying;
  uint32_t numbers;      // the number for the next task
  Task *members;         // the record's tasks that have not ended
  lua_CFunction before;  // the next four: record_watch
  void *owner;
  atomic_int *acting;
  void (*after)(Record *record);
  lua_CFunction guard;
  bool (*needed)(void *guarded);  // NULL: `guard` is not called
  void *guarded;
  Buf scratch;  // for packed values
  char given_up[200], difference[400];
};

// Appends an entry. Gives the record up past RECORD_MAX or without memory.
void record_add(Record *record, const RecordCall *call, RecordEntryKind kind, Str values);
// Stops recording at `call` and drops all entries.
void record_give_up(Record *record, const RecordCall *call);
// Reads the next entry to replay without consuming it. False at the end.
bool record_peek(const Record *record, RecordEntry *entry);
// Consumes the next entry, and calls record_turn.
void record_pass(Record *record);
// Wakes the task that the next entry belongs to, or all tasks if there is no such entry or task.
void record_turn(Record *record);
void record_wake_all(Record *record);
bool record_has_task(const Record *record, uint32_t number);
// Notes the record's first difference: the recorded call `was`, the script's call `is`.
void record_differs(Record *record, const RecordEntry *was, const RecordCall *is);
// Returns the task's call that is under way.
RecordCall record_call(const Task *task);
// Finds the call of task number `task` that was under way when the record was saved. False if there was none.
bool record_find_pending(const Record *record, uint32_t task, DoorKind *kind, RecordCall *call);
// Notes that the task has no call under way any more.
void record_end_call(Task *task);
// Removes a task that has ended from its record.
void record_leave(Task *task);
// Call it when the task's function has returned. If the record has further calls of the task, the task ends as
// different, and door_end does not return.
void door_end(lua_State *L, Task *task);
// Replaces the function on top by one that passes the door. It does not wait (DOOR_TELLS). `front` checks the
// arguments and returns door_tell(L).
void door_wrap(lua_State *L, const char *name, lua_CFunction front);
int door_tell(lua_State *L);

// ---- the task -----------------------------------------------------------------------------------

struct Task {
  Engine *engine;
  lua_State *co;  // NULL: none, or used up
  int co_ref, values[TASK_VALUES];
  int locals_ref;  // the table of task_push_locals; LUA_NOREF: not created yet
  const TaskBody *body;
  const TaskBody *now;  // what runs: `body`, its replacement (TaskBody.failed), or at_end
  void *data;
  TaskState state;  // TASK_RETURNED until something fails
  bool counted;     // run_wait without a limit waits for the task
  bool holds;       // the task has a reference to the engine
  Run *run;         // the run that the task belongs to; or NULL
  Wait *wait;       // the wait in which the task is suspended
  LogSubject subject;
  char *subject_copy;  // the texts of `subject` if the task owns them; else NULL
  TaskTie *ties;
  Timer timeout;
  Record *record;     // NULL: none, or not created yet
  Task *record_next;  // in the list of the record's tasks
  uint32_t record_number;
  bool records;  // the task is recorded or replayed
  int once;      // depth of calls of `once`, inside of which nothing is recorded
  Pending pending;
  bool dropped;         // ends without a report: goes on elsewhere, or the engine is closing
  bool lives;           // has made a call since its record was replayed to the end
  Wait *turn;           // the wait for the task's turn in the record; or NULL
  WaitPush at_turn;     // continues the task then
  int64_t deadline_us;  // INT64_MAX: none
  bool closing;         // its function failed or is being ended: only <close> variables run
  int64_t closing_us;   // the deadline for that
  unsigned forced;      // how often the running code was ended past its pcalls (guard_forced)
  Failure *failure;     // of the task's function, as it was described when raised; or NULL
  int64_t due_us;       // from then on, the task's turns are late; INT64_MAX: never
  TaskRank rank;
  // In the list of suspended tasks (guarded by inbox->mutex) or of idle tasks.
  Task *previous, *next;
};

// ---- task_make.c --------------------------------------------------------------------------------

// Gives the task a new coroutine. False without memory.
bool task_fill_coroutine(Task *task);
// Discards the task's coroutine, which failed or was left suspended.
void task_drop_coroutine(Task *task);
// Keeps a task that has ended for reuse, or frees it. `task` is invalid afterwards.
void task_recycle(Task *task);
void task_free_idle(Engine *engine);

// ---- task.c -------------------------------------------------------------------------------------

void task_drop_subject(Task *task);
// Pops a value into a registry slot from luaL_ref. nil is stored as false: luaL_ref could hand out a slot that contains
// nil a second time.
void task_set_slot(lua_State *L, int ref);
// Ends and unties all ties.
void task_end_ties(Task *task);

// ---- task_failure.c -----------------------------------------------------------------------------

// The time that a failed or ended task has to close its variables.
enum { TASK_CLOSING_US = 5000000 };
// From now on the task only closes its variables, with a time limit of its own.
void task_begin_closing(Task *task);
// Reports a failure: the task's first, or a later one, of a __close method. Takes ownership of the buffers in
// `failure`.
void task_take_failure(Task *task, Failure *failure, bool first);
void task_drop_failure(Task *task);
// The message handler of a task's function; the stack is still that of the error.
int task_note_failure(lua_State *L);
// Ends the code that runs in the current task: no pcall that has begun catches the end. False if there is no task, or
// no time left for its <close> variables, or if the slice ends as SLICE_GIVEN_UP or SLICE_DIFFERS. For Engine.force.
bool task_force(lua_State *L);
// Calls EngineOptions.failed for a task that failed or was stopped.
void task_tell_failed(const Task *task);

// ---- task_main.c --------------------------------------------------------------------------------

// The function of a task's coroutine.
int task_main(lua_State *L);
// Runs the function `at_end` of a task that failed.
extern const TaskBody TASK_AT_END;

// ---- task_next.c --------------------------------------------------------------------------------

// Ends the slice of a task whose coroutine failed with `status`, and reports the failure. Like task_begin_next.
bool task_fail(Task *task, int status);
// Continues a failed task whose variables are closed. False if nothing is left to run.
bool task_begin_next(Task *task);

// ---- task_end.c ---------------------------------------------------------------------------------

// Ends the task and returns its state. `task` is invalid afterwards.
TaskState task_end(Task *task);
// The same after the engine was given up: does not touch the Lua state.
void task_end_untouched(Task *task);

// ---- task_run.c ---------------------------------------------------------------------------------

// Runs the task's next slice, to its next wait or its end; after its end, `task` is invalid. The engine is entered.
TaskState task_run(Task *task);
// Ends a suspended task as cancelled: its <close> variables run, and may wait.
void task_run_to_close(Task *task);
// Prepares that end: the caller sees to the task's next slice, in which the <close> variables run.
void task_begin_to_close(Task *task);
// Ends a task whose time for closing its variables is over while it waits.
void task_stop_closing(Task *task);

// ---- park.c -------------------------------------------------------------------------------------

// Suspends the task until the wait is finished.
void task_park(Task *task, Wait *wait);
// The same with the wait that the task's coroutine yielded for. Returns the state for the slice's caller.
TaskState task_suspend(Task *task);
// Removes the task of a finished wait from the list of suspended tasks and returns it; NULL if it was cancelled.
Task *task_unpark(Engine *engine, Wait *wait);
// Ends all suspended tasks at once. The lock is held, or broken. With `why`, the log gets one line for each task;
// without (NULL), none.
void task_cancel_all(Engine *engine, const char *why);
// Ends all suspended tasks as a time-out does, except those that are closing their variables. The lock is held.
void task_interrupt_all(Engine *engine);

// ---- run.c --------------------------------------------------------------------------------------

struct Run {
  Arena *arena;
  Buf out;
  atomic_int holders;
  Err err;                  // written by the task, read by the caller once `over` is set
  Buf trace;                // likewise
  bool over;                // the task has ended; used by the caller alone
  bool (*stop)(void *ctx);  // run_stop_when; used by the caller alone
  void *stop_ctx;
  Task *task;  // read with the engine entered; NULL once the task has ended
  // Guarded by inbox->mutex:
  bool finished;
  TaskState state;
};

// Notifies run_wait that the run's task has ended.
void run_ended(Task *task);
// The error and the traceback that run_wait reports.
Err *run_err(Run *run);
Buf *run_trace_out(Run *run);

// ---- coroutine.c, stdlib.c, *_lib.c, load.c ----------------------------------------------------------------------

// One nested resume: L resumed co. The list goes from the running coroutine outwards to the task's own.
typedef struct ResumeFrame {
  struct ResumeFrame *up;
  lua_State *L, *co;
  bool yieldable;  // L could yield at the time
} ResumeFrame;

void coroutine_open(lua_State *L);  // replaces the functions of `coroutine`
// Reserves a coroutine for the engine: scripts cannot resume or close it. May raise.
void coroutine_reserve(lua_State *L, lua_State *co);
void stdlib_open(lua_State *L, bool allow_shell);
void pcall_open(lua_State *L);  // replaces pcall and xpcall
// Replace functions of Lua's libraries by versions that call the guard.
void string_lib_open(lua_State *L);
void table_lib_open(lua_State *L);
void pairs_lib_open(lua_State *L);
void utf8_lib_open(lua_State *L);
void load_open(lua_State *L);
// Replaces the functions of `debug` that could break C code.
void debug_lib_open(lua_State *L);

// ---- state.c, engine.c --------------------------------------------------------------------------

struct Engine {
  EngineLink link;
  // The fields that every slice writes are adjacent: an engine moves between cores, and each cache line costs time.
  _Alignas(CACHE_LINE) Lock lock;
  atomic_int holders;
  atomic_bool given_up, interrupted, retired;
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
  atomic_size_t suspended;
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

#endif
