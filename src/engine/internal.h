// What the files of an engine share. No other layer sees this.
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
#include "engine/place.h"
#include "engine/record.h"
#include "engine/run.h"
#include "engine/task.h"
#include "engine/timers.h"
#include "engine/turns.h"
#include "engine/wait.h"

// ---- guard.c: one slice, from entering the engine to leaving it ---------------------------------

typedef enum {
  SLICE_GOES_ON,
  SLICE_OVER_CPU,
  SLICE_INTERRUPTED,
  SLICE_GIVEN_UP,
  SLICE_DIFFERS  // from the task's record
} SliceEnd;

typedef struct {
  // Read by other threads (stuck.c).
  atomic_int_least64_t began_us;  // monotonic; 0: nothing runs
  atomic_int_least64_t seen_us;   // when the hook last ran
  atomic_uint_least64_t number;
  atomic_int cpu_clock;  // the running thread's
  // The running thread's own.
  SliceEnd end;
  atomic_int_least64_t mean_us;  // how long slices take, the last ones above all
  int64_t cpu_began_us;          // thread CPU time; -1: not asked yet
  bool warned;                   // that it takes long
  Buf trace;                     // where it was stopped
  Buf inner_text, inner_trace;   // of the error that last left a coroutine of the script's own
  pthread_mutex_t mutex;         // of what follows
  char place[PLACE_SIZE];
  uint64_t place_number;   // the slice that it was seen in
  char entry[PLACE_SIZE];  // the place as long as nothing better is known
  uint64_t watched_number;
  uint64_t looked_number;  // the slice at engine_is_stuck's last look, and when that was
  int64_t looked_us;
  int64_t watched_cpu_us;
} Slice;

void guard_init(Slice *slice);
void guard_clear(Slice *slice);
// Begins a slice with a fresh budget. The lock is held.
// The number of the thread that runs the slice; 0 if none does.
int slice_thread(const Slice *slice);
void guard_enter(Engine *engine);
void guard_leave(Engine *engine);
// The running slice goes on with a fresh budget.
void guard_renew(Engine *engine);
// Sets the guard on a coroutine; those that it makes inherit it.
void guard_watch(lua_State *L);
// For C code that may run long: whether the slice may go on. If not, the C function must end with
// guard_unwind. Always true if no slice runs. Costs two readings of the clock: ask every 50 us or
// so.
bool guard_goes_on(lua_State *L);
// Asks, and unwinds if the slice may not go on: raises or yields then, and does not return.
void guard_check(lua_State *L);
// Ends the running task, or its closing of variables, from a C function. As the function's last
// act: `return guard_unwind(L);`.
int guard_unwind(lua_State *L);
// How often guard_unwind ended something in the running task; 0 outside a task. A C function that
// finds another count than when it began must end.
unsigned guard_forced(lua_State *L);
// Goes on unwinding what is being ended: raises an error that no handler of the script's sees.
int guard_unwind_on(lua_State *L);
// Where the running slice was last seen. Any thread.
void guard_last_place(Slice *slice, char *place, size_t size);

// ---- failure.c: how a failure is told --------------------------------------------------------------

// Keeps the traceback of a coroutine of the script's own that died, with the error value on top of L's stack.
void failure_note_coroutine(lua_State *L, lua_State *co);

// The text of Lua's own memory errors, which no message handler gets to see.
#define NO_MEMORY "not enough memory"

// The error of a coroutine. `text`: "file:line: message", newline, source line; `trace`: the traceback.
typedef struct {
  Buf text, trace;
} Failure;
void failure_init(Failure *failure);
void failure_clear(Failure *failure);
// Describes the error on top of the stack of the dead coroutine `co`, or the slice's own end. Never raises.
void failure_describe(Engine *engine, lua_State *co, Failure *failure);
// Describes the error on top of L's stack, in the message handler that was called for it. Never raises.
void failure_describe_here(lua_State *L, Failure *failure);
// Logs it, with what was under way.
void failure_log(const Failure *failure, const char *doing);
void failure_to_err(const Failure *failure, Err *err);

// ---- closing.c -----------------------------------------------------------------------------------

// Closes the variables of a coroutine that is not to go on; what fails in it is logged. It cannot wait.
void close_coroutine(Engine *engine, lua_State *co);

// ---- inbox.c: what is ready to go on, and the timers ---------------------------------------------

// Outlives the engine as long as something outside holds a Wait.
typedef struct {
  atomic_int holders;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  void (*go_on)(Turn *turn, bool there);
  Turns turns;  // ready to go on, and those that wait to begin
  Timer **heap;
  size_t heap_count, heap_cap;
  bool timer_was_last;  // the worker's last step was a timer's
  bool closing;         // the worker is to end
  bool started;
  bool closed;    // by the worker: the state is closed
  bool deserted;  // no thread waits for the worker: it frees the engine
  pthread_t thread;
} Inbox;

// `go_on` takes the turn of a wait.
Inbox *inbox_new(void (*go_on)(Turn *turn, bool there));
void inbox_hold(Inbox *inbox);
void inbox_release(Inbox *inbox);
// With inbox->mutex held: queues the wait and takes over its hold.
void inbox_add_locked(Inbox *inbox, Wait *wait);
// Tells everything that waits for its turn that the turn never comes.
void inbox_drop_turns(Inbox *inbox);

// ---- timers.c ------------------------------------------------------------------------------------

// With inbox->mutex held: takes out a timer that is due, NULL if there is none.
Timer *timers_take_due(Inbox *inbox);
// With inbox->mutex held: drops those that end with the service.
void timers_end_service(Inbox *inbox);

// ---- worker.c: the engine's thread --------------------------------------------------------------

// Ends it and has the state closed. True if the caller must free the engine, false if the worker will.
bool worker_stop(Engine *engine);

// ---- wait.c -------------------------------------------------------------------------------------

struct Wait {
  Turn turn;  // first; in the inbox
  atomic_int holders;
  Inbox *inbox;
  Engine *engine;  // while `task` is set
  Task *task;      // with the engine's lock; NULL when the task has ended
  // With inbox->mutex:
  bool begins;     // its task has not begun
  bool parked;     // the task is suspended
  bool finished;   // the result is there
  bool cancelled;  // the task has ended before
  WaitPush push;
  WaitDrop drop;
  void *data;
  void (*cancel)(void *ctx);
  void *cancel_ctx;
  char what[48];
};

// A wait that has already finished, used to queue a new task; holds one reference, for the task. NULL without
// memory.
Wait *wait_over(Task *task);
// A wait whose turn has come: its task goes on.
void wait_go_on(Turn *turn, bool there);
// The task is suspended now (the lock is held); it goes on when the wait is finished. With inbox->mutex held.
void wait_park_locked(Wait *wait);
// The task has ended (the lock is held, or the engine is given up): the result, if it comes, is dropped.
void wait_cancel(Wait *wait);
void wait_release(Wait *wait);

// ---- record.c, door.c ---------------------------------------------------------------------------

// Who called what, from where.
typedef struct {
  uint32_t task;  // its number in the record
  Str name, place;
  uint64_t digest;  // of the arguments
} RecordCall;

// The call of a task that is under way.
typedef struct {
  const DoorFunction *function;  // NULL: none
  DoorKind kind;
  uint64_t digest;
  atomic_int *acting;  // counts it; NULL: not counted
  char place[112];
} Pending;

typedef enum {
  RECORD_VALUES = 'v',  // it gave these
  RECORD_RAISED = 'r',  // it raised before it did anything
  RECORD_ERROR = 'e',   // it raised this
} RecordEntryKind;

typedef struct {
  RecordEntryKind kind;
  RecordCall call;
  Str values;  // packed, in the record's memory
} RecordEntry;

struct Record {
  atomic_int holders;
  Buf entries;
  size_t at;   // what comes next, while it is replayed
  Buf loaded;  // the calls that were under way when it was saved
  uint64_t loaded_count;
  bool replaying;
  uint32_t numbers;  // that tasks have got so far
  Task *members;     // tasks that run
  lua_CFunction before;
  void *owner;
  atomic_int *acting;
  void (*after)(Record *record);
  Buf scratch;  // for packed values
  char given_up[200], difference[400];
};

void record_add(Record *record, const RecordCall *call, RecordEntryKind kind, Str values);
void record_give_up(Record *record, const RecordCall *call);
// The next entry; false at the end. The second is taken.
bool record_peek(const Record *record, RecordEntry *entry);
void record_pass(Record *record);
// Wakes the task whose entry comes next, or all if there is no such entry or task.
void record_turn(Record *record);
void record_wake_all(Record *record);
bool record_has_task(const Record *record, uint32_t number);
void record_differs(Record *record, const RecordEntry *was, const RecordCall *is);
// The task's call that is under way.
RecordCall record_call(const Task *task);
// The call of that task that was under way when the record was saved.
bool record_find_pending(const Record *record, uint32_t task, DoorKind *kind, RecordCall *call);
void record_end_call(Task *task);
// The task has ended.
void record_leave(Task *task);
// A task whose turn has come goes on in its call.
int door_again(lua_State *L, void *unused);
// The task's function has returned. Ends it, and does not return, if its record says that it goes on.
void door_end(lua_State *L, Task *task);
// Makes the function on top pass the door at once: `front` checks the arguments and returns door_tell's result.
void door_wrap(lua_State *L, const char *name, lua_CFunction front);
int door_tell(lua_State *L);

// ---- task.c, park.c -----------------------------------------------------------------------------

struct Task {
  Engine *engine;
  lua_State *co;  // NULL: none, or spent
  int co_ref, values[TASK_VALUES];
  int locals_ref;  // what task_push_locals gives; LUA_NOREF: not asked for
  const TaskBody *body;
  const TaskBody
      *now;  // what runs: `body`, one that it gave in its place, or what is to be done at the end
  void *data;
  TaskState state;  // TASK_RETURNED until something failed
  bool counted;     // run_wait without a limit waits for it
  bool holds;       // the engine
  Run *run;         // that a caller waits for; or NULL
  Wait *wait;       // what it is suspended on
  LogSubject subject;
  char *subject_copy;  // what `subject` points to, where that is the task's own; else NULL
  TaskTie *ties;
  Timer timeout;
  // Its record; NULL: none, or none yet.
  Record *record;
  Task *record_next;  // of the same record
  uint32_t record_number;
  bool records;
  int once;  // calls of `once` that it is in: nothing is recorded there
  Pending pending;
  bool dropped;         // it ends without a word: it goes on elsewhere, or the engine is going away
  bool lives;           // its record has come to its end, and it has made a call since
  Wait *turn;           // it waits for its turn in the record
  int64_t deadline_us;  // INT64_MAX: none
  bool closing;         // its function failed or is being ended: what runs closes its variables
  int64_t closing_us;   // until then
  unsigned forced;      // how often what ran in it was ended whatever its pcalls say
  Failure *failure;     // of its function, as it was where it was raised
  int64_t due_us;       // its turns are late from then on; INT64_MAX: never
  Task *previous, *next;  // among the suspended (with inbox->mutex), or the idle ones
};

// Runs its next slice, to its end or its next wait; in the end `task` is gone. The engine is entered.
TaskState task_run(Task *task);
// A suspended one is not to go on: it closes its variables, which may wait, and ends as cancelled.
void task_run_to_close(Task *task);
// The one that waits while it closes its variables has no more time for that.
void task_stop_closing(Task *task);
// Ends what runs in the engine's task: every pcall that began before lets it pass. False if there is no task, or
// nothing that could still be closed. For Engine.force.
bool task_force(lua_State *L);
// The coroutine failed or was left suspended: it is not used again.
void task_drop_coroutine(Task *task);
// It has ended, with its state; `task` is gone.
TaskState task_end(Task *task);
// The same if the engine was given up: its Lua state is not touched.
void task_end_untouched(Task *task);
void task_free_idle(Engine *engine);
// It failed, or was stopped: EngineOptions.failed.
void task_tell_failed(const Task *task);

// Suspends the task until the wait is finished.
void task_park(Task *task, Wait *wait);
// The same with the wait that its coroutine yielded for. Returns what the slice's caller is told.
TaskState task_suspend(Task *task);
// The suspended task of a wait that is over, out of the list of the suspended; NULL if it was cancelled.
Task *task_unpark(Engine *engine, Wait *wait);
// Ends all suspended tasks at once. The lock is held, or broken. `why` is for the log, which names each; NULL: it
// has no line.
void task_cancel_all(Engine *engine, const char *why);
// Ends them as a time-out does, but for those that close their variables already. The lock is held.
void task_interrupt_all(Engine *engine);

// ---- run.c --------------------------------------------------------------------------------------

// The task of a run has ended: tells the caller.
void run_ended(Task *task);
// Where the error of a run's task is put.
Err *run_err(Run *run);
Buf *run_trace_out(Run *run);

// ---- coroutine.c, stdlib.c, *_lib.c, load.c ----------------------------------------------------------------------

// Raised by resuming, outermost last: which coroutines stand between the running one and its task.
typedef struct ResumeFrame {
  struct ResumeFrame *up;
  lua_State *L, *co;  // who resumed whom
  bool yieldable;
} ResumeFrame;

void coroutine_open(lua_State *L);  // replaces the functions of `coroutine`
// Marks a coroutine as wemoon's own: scripts cannot resume or close it. May raise.
void coroutine_reserve(lua_State *L, lua_State *co);
void stdlib_open(lua_State *L, bool allow_shell);
void pcall_open(lua_State *L);  // replaces pcall and xpcall
// Replace functions of Lua's own libraries by such as ask the guard.
void string_lib_open(lua_State *L);
void table_lib_open(lua_State *L);
void pairs_lib_open(lua_State *L);
void utf8_lib_open(lua_State *L);
void load_open(lua_State *L);
// Replaces what could do harm by what does none.
void debug_lib_open(lua_State *L);

// ---- state.c ------------------------------------------------------------------------------------

struct Engine {
  EngineLink link;
  // What each message writes stands together: an engine goes from core to core, and each line takes its time.
  _Alignas(CACHE_LINE) Lock lock;
  atomic_int holders;
  atomic_bool given_up, interrupted, retired;
  lua_State *L;  // the main state: loads, describes errors; scripts run in coroutines
  atomic_size_t memory;
  Task *task;  // running
  Task *idle;
  size_t idle_count;
  Slice slice;
  Heap heap;
  char refused[PLACE_SIZE];  // where Lua was last refused memory
  atomic_uint_least64_t refusals;
  Buf warning;  // of Lua's, as far as it was given
  ResumeFrame *frame;
  lua_State *deaf;              // a coroutine that the hook left in a way that keeps its hook off
  bool (*force)(lua_State *L);  // task_force: the guard is below the tasks
  Wait *suspending;             // set between a wait's yield and the task's return
  EngineOptions options;
  atomic_size_t suspended;
  Inbox *inbox;
  Task *parked;          // with inbox->mutex
  int counted;           // tasks that run_wait waits for, with inbox->mutex
  pthread_cond_t ended;  // a task ended that a thread waits for
};

// Waits until the state is free and keeps it for this thread, whose next engine_enter gets it at once. False if
// the engine was given up. engine_let_go gives it back if it was not entered.
bool engine_hold(Engine *engine);
void engine_close_state(Engine *engine);  // the last act but one
void engine_free(Engine *engine);         // the last act

#endif
