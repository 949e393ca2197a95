// What the files that make up an interpreter share: state, guard, tasks, worker. The libraries (lib_*.c) do
// not include it.
#ifndef WEMOON_SCRIPT_CORE_H
#define WEMOON_SCRIPT_CORE_H

#include "base/cpu.h"
#include "base/heap.h"
#include "script/context.h"
#include "script/lock.h"
#include "script/wait.h"
#include "script/sources.h"

typedef struct Task Task;
typedef struct Timer Timer;
typedef struct Tick Tick;
typedef struct Sync Sync;

// ---- guard.c: one slice, from taking the lock to giving it back ---------------------------------

typedef enum { SLICE_GOES_ON, SLICE_OVER_CPU, SLICE_INTERRUPTED, SLICE_GIVEN_UP } SliceEnd;

enum { PLACE_SIZE = 200 };

typedef struct {
  // Read by who watches, from other threads.
  atomic_int_least64_t began_us;  // monotonic; 0: nothing runs
  atomic_int_least64_t seen_us;   // when the script last gave a sign of life
  atomic_uint_least64_t number;
  atomic_int cpu_clock;  // the running thread's
  // The running thread's own.
  SliceEnd end;
  int64_t cpu_began_us;         // thread CPU time; -1: not asked yet
  bool warned;                  // that it takes long
  Buf trace;                    // where it was stopped
  Buf inner_text, inner_trace;  // of the error that last left a coroutine of the script's own
  pthread_mutex_t mutex;        // of what follows
  char place[PLACE_SIZE];
  uint64_t place_number;  // the slice that it was seen in
  char entry
      [PLACE_SIZE];  // where on_message is defined: the place as long as nothing better is known
  uint64_t watched_number;
  int64_t watched_cpu_us;
} Slice;

void guard_init(Slice *slice);
void guard_clear(Slice *slice);
// Begins a slice: a fresh budget. The lock is held.
void guard_enter(Interpreter *in);
void guard_leave(Interpreter *in);
// Sets the guard on a coroutine; those that it makes inherit it.
void guard_watch(lua_State *L);
// Ends the running slice from a C function: as its last act, `return guard_unwind(L);`.
int guard_unwind(lua_State *L);
// What a slice's place is as long as no other was seen.
void guard_set_entry(Slice *slice, const char *place);
// Where the running slice is now.
void guard_set_place(Slice *slice, const char *place);
// Where the running slice was last seen. Any thread.
void guard_last_place(Slice *slice, char *place, size_t size);
// Writes "file:line" of the innermost frame of the script in L's stack, "" without one.
void guard_place(lua_State *L, char *place, size_t size);

// Keeps the traceback of a coroutine of the script's own that died, the error value being on top of L's
// stack.
void guard_note_coroutine(lua_State *L, lua_State *co);

// What a failed coroutine comes to. `text`: "file:line: message", newline, source line; `trace`: the
// traceback.
typedef struct {
  Buf text, trace;
} Failure;
void failure_init(Failure *failure);
void failure_clear(Failure *failure);
// Describes the error on top of the stack of the dead coroutine `co`, or the slice's own end. Never raises.
void guard_describe(Interpreter *in, lua_State *co, Failure *failure);
// Logs it, with what was under way.
void failure_log(const Failure *failure, const char *doing);
void failure_to_err(const Failure *failure, Err *err);

// ---- worker.c: the interpreter's thread, what is ready to go on, and the timers -----------------

typedef void (*TimerFn)(Interpreter *in, void *ctx);

struct Timer {
  int64_t due_us;  // monotonic
  TimerFn fn;      // on the worker's thread, without locks; the timer is out of the heap then
  void *ctx;
  size_t index;  // in the heap, from 1; 0: not in it
};

// Outlives the interpreter as long as something outside holds a Wait.
typedef struct {
  atomic_int holders;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  Wait *first, *last;  // ready to go on
  Timer **heap;
  size_t heap_count, heap_cap;
  bool closing;  // the worker is to end
  bool started;
  bool closed;    // by the worker: the state is closed
  bool deserted;  // nobody waits for that: the worker frees the interpreter
  pthread_t thread;
} Inbox;

Inbox *inbox_new(void);
void inbox_hold(Inbox *inbox);
void inbox_release(Inbox *inbox);
void inbox_drain(Inbox *inbox);  // drops what is ready
// With inbox->mutex held: appends, takes the wait's hold.
void inbox_add_locked(Inbox *inbox, Wait *wait);
// Starts the interpreter's thread where it does not run yet.
bool worker_start(Interpreter *in, Err *err);
// Ends it and has the state closed. True when the caller must free the interpreter, false when the worker
// will.
bool worker_stop(Interpreter *in);
// Any thread. False without memory.
bool timer_add(Inbox *inbox, Timer *timer, int64_t due_us);
void timer_remove(Inbox *inbox, Timer *timer);
void timer_remove_locked(Inbox *inbox, Timer *timer);  // with inbox->mutex held

// ---- wait.c -------------------------------------------------------------------------------------

struct Wait {
  atomic_int holders;
  Inbox *inbox;
  Task *task;  // with the interpreter's lock; NULL when the task has ended
  // With inbox->mutex:
  bool parked;     // the task is suspended
  bool finished;   // the result is there
  bool cancelled;  // the task has ended before
  WaitPush push;
  WaitDrop drop;
  void *data;
  void (*cancel)(void *ctx);
  void *cancel_ctx;
  Wait *next;  // in the inbox
  char what[48];
};

// A wait that is over already, the task's own hold taken: for tasks that the worker is to start. NULL without
// memory.
Wait *wait_over(Task *task);
// The task is suspended now (the lock is held); it goes on when the wait is finished. With inbox->mutex held.
void wait_park_locked(Wait *wait);
// The task has ended (the lock is held, or the interpreter is given up): the result, if it comes, is dropped.
void wait_cancel(Wait *wait);
void wait_release(Wait *wait);

// ---- task.c: one run of something in a coroutine of its own -------------------------------------

// What a task runs: `prepare` leaves a function and its arguments alone on the stack and returns the
// arguments' number, or -1 when there is nothing to call; `finish` finds the results alone on the stack. Both
// run in the task's coroutine and may raise.
typedef struct {
  int (*prepare)(lua_State *L, Task *task);
  void (*finish)(lua_State *L, Task *task);
  int results;
  const char *doing;  // for the log: "on_message"
} TaskBody;

struct Task {
  Interpreter *in;
  lua_State *co;  // NULL: none, or spent
  int co_ref, message_ref, reply_ref;
  int locals_ref;  // what context_push_locals gives; LUA_NOREF: not asked for
  const TaskBody *body;
  TaskState state;  // TASK_RETURNED until something failed
  bool is_event;
  bool counted;  // exec waits for it
  void *owner;
  bool (*done)(void *owner, TaskState state, const Reply *reply, Str rest);
  void (*over)(void *owner);
  const MessageTask *message;  // during its first slice
  Arena *arena;
  Arena *own_arena;  // of one that goes on without a message to answer; else NULL
  Str sender;        // of the message, in `arena`
  atomic_int *api_calls;
  bool asked;  // it is about to wait for the user's next message
  bool holds;  // its interpreter, which nobody else does
  Reply reply;
  Str rest;
  Sync *sync;
  Buf error_text;  // for on_error
  Wait *wait;      // what it is suspended on
  Timer timeout;
  int64_t deadline_us;    // INT64_MAX: none
  Task *previous, *next;  // among the suspended (with inbox->mutex), or the idle ones
};

// A task with a coroutine, `task_main` on its stack, from the pool. NULL without memory. The lock is held.
Task *task_new(Interpreter *in, const TaskBody *body);
// Runs its next slice, to its end or its next wait; in the end `task` is gone. The lock is held and a slice
// entered.
TaskState task_run(Task *task);
// The worker begins it as soon as it can. False without memory: the task is gone.
bool task_post(Task *task);
int task_spawn(lua_State *L);  // spawn(fn, ...): posts a task
void task_free_idle(Interpreter *in);
int64_t task_deadline(Interpreter *in);  // of one that begins now: job_timeout_ms
// The coroutine failed or was left in mid-air: it is not used again.
void task_drop_coroutine(Task *task);
// To whoever waits for it; what came too late, or has nobody who waits, goes out as customer service messages.
void task_give_reply(Task *task);
// It has ended, with its state; `task` is gone.
TaskState task_end(Task *task);
// The same where the interpreter was given up: its state is not touched, and no late reply can be sent.
void task_end_untouched(Task *task);

// Pushes a global, whatever metatable the script has given to its globals; returns its type.
int task_push_global(lua_State *L, const char *name);
// Pops a value into a slot that luaL_ref gave. nil becomes false: luaL_ref would take a slot of nil for a
// free one, and give it to another.
void task_keep(lua_State *L, int ref);

// ---- park.c: tasks that wait --------------------------------------------------------------------

// Suspends the task until the wait is finished.
void task_park(Task *task, Wait *wait);
// The same with the wait that its coroutine yielded for; what the task comes to for its caller.
TaskState task_suspend(Task *task);
// The suspended task of a wait that is over, out of the list of the suspended; NULL when it was cancelled.
Task *task_unpark(Interpreter *in, Wait *wait);
// Ends all suspended tasks. The lock is held, or broken.
void task_cancel_all(Interpreter *in);

// ---- on_message.c -------------------------------------------------------------------------------

extern const TaskBody MESSAGE_BODY, ON_ERROR_BODY;
// For conversations (conversation.c). Whether the task is on_message's, or what it came to.
bool task_is_message(const Task *task);
// The value at 1 becomes the task's reply. Raises for what is none.
void task_take_question(lua_State *L, Task *task);
// Answers the message at hand with that; the task stays, without a message.
void task_answer_and_stay(Task *task);
// In the task: it goes on with no message to answer, and holds its interpreter.
void task_orphan(Task *task, Str openid);
// Goes on with the unparked task: `message` is the result of its wait, and what it answers from now on. A slice
// is entered.
TaskState task_answer(Task *task, Wait *wait, const MessageTask *message);

// ---- sync.c: what is run on the interpreter's thread for a caller that waits ---------------------

// A caller that waits for a task's end; with inbox->mutex.
struct Sync {
  bool finished;
  int holders;
  TaskState state;
  Err err;
  Buf out;  // what the body's finish gives
  // What the bodies are given; copies, because a caller may leave a stuck task behind.
  Buf code;    // source, or JSON
  char *name;  // path or chunk name
  char **args;
  size_t arg_count;
};

// NULL without memory. Let go of by sync_finish.
Sync *sync_new(const char *name, Str code);
// Runs `body` and waits for its end; without `limited` by job_timeout_ms, for the end of what it spawned too.
// False with the reason, also when the script is stuck: then it is given up.
bool sync_run(Interpreter *in, const TaskBody *body, Sync *sync, bool limited, Err *err);
void sync_finish(Interpreter *in, Sync *sync);
void sync_done(Task *task);  // the task's side: it has ended

// ---- deliver.c: replies that came too late, and what did not fit into one -----------------------

// Has the Lua half send the task's reply (`late`), or else the rest of its text, to the message's sender.
void deliver(Task *task, bool late);
// The task has ended. True when it was a delivery, which holds the interpreter once.
bool deliver_ended(const Task *task);

// ---- the others ---------------------------------------------------------------------------------

// Raised by resuming, outermost last: which coroutines stand between the running one and its task.
typedef struct ResumeFrame {
  struct ResumeFrame *up;
  lua_State *L;  // who resumed
  bool yieldable;
} ResumeFrame;

struct Interpreter {
  ScriptContext context;  // first
  // What each message writes stands together: an interpreter goes from core to core, and each line takes its time.
  _Alignas(CACHE_LINE) Lock lock;
  atomic_int holders;
  atomic_bool given_up, interrupted, retired;
  bool has_on_error;  // asked for once, at load
  lua_State *L;       // the main state: loads, describes errors; scripts run in coroutines
  atomic_size_t memory;
  Task *task;  // running
  Task *idle;
  size_t idle_count;
  Slice slice;
  Heap heap;
  ResumeFrame *frame;
  Wait *suspending;  // set between a wait's yield and the task's return
  InterpreterOptions options;
  uint64_t number;  // in the order in which they were made
  uint64_t
      counted_in;  // the last count of those with conversations that it was in; conversation.c's, with its mutex
  atomic_size_t suspended;
  Inbox *inbox;
  Task *parked;           // with inbox->mutex
  int counted;            // tasks that exec waits for, with inbox->mutex
  pthread_cond_t ended;   // of a task that somebody waits for
  Tick *ticks;            // with inbox->mutex and the lock; to read, one of them
  bool ticking;           // in service: timers are armed
  struct Routes *routes;  // its pages, with a mutex of their own
  Sources *sources;
  char *folder;  // of the script, with its '/'; NULL: none
};

static inline Interpreter *interpreter_of(lua_State *L) { return script_context(L)->interpreter; }

void interpreter_push_host(lua_State *L);       // the table of what C offers to lua/
void interpreter_close_state(Interpreter *in);  // the last act but one
void interpreter_free(Interpreter *in);         // the last act

void time_start(
    Interpreter *in);  // arms the timers that the script made; the lock is held or nothing runs
void time_stop(Interpreter *in);  // any thread
void time_close(Interpreter *in);
void coroutine_open(lua_State *L);  // replaces the functions of `coroutine`
// Marks a coroutine as wemoon's own: scripts cannot resume or close it. May raise.
void coroutine_reserve(lua_State *L, lua_State *co);
void stdlib_open(lua_State *L, const InterpreterOptions *options);
void strict_open(lua_State *L);
void loader_open(lua_State *L);
// Appends a whole file; false with errno.
bool loader_read(const char *path, Buf *text);
// Pushes the chunk of a file; raises when it cannot be read or parsed.
void loader_load(lua_State *L, const char *path);
Str loader_skip_head(Str code);  // without byte order mark and '#' line
// The file whose folder modules are looked for in; noted as well. False without memory.
bool loader_set_script(Interpreter *in, const char *path);
// Notes a file that the script depends on. False without memory.
bool loader_track(Interpreter *in, const char *path);
bool program_load(Interpreter *in, Err *err);  // options.program, in place of a script
// An embedded file of lua/ by its name there ("wechat/init.lua"); pushes its chunk, or returns false.
bool embedded_load(lua_State *L, const char *name);
extern const char EMBEDDED_MARK[];  // how the chunk names of embedded files begin
// Whether a place ("FILE:LINE", or a short_src) is in a file of lua/.
bool embedded_is_place(const char *place);
// Pushes what luaL_where has for the function at that level; "" for one of wemoon's own, which is no place that a
// script's author could look at.
void embedded_where(lua_State *L, int level);

#endif
