// A task runs one function of the script in its own coroutine, from the first slice to its end. It may wait.
#ifndef WEMOON_ENGINE_TASK_H
#define WEMOON_ENGINE_TASK_H

#include "base/log.h"
#include "base/str.h"
#include "engine/engine.h"
#include "engine/task_state.h"

typedef struct Task Task;
typedef struct Record Record;

// The code that a task runs. Every function may be NULL. The engine is entered during all of them except `over`, and
// except `ended` if the engine was given up.
typedef struct TaskBody {
  // Leaves only a function and its arguments on the stack; returns the number of arguments, or -1 if there is nothing
  // to call. Runs in the task's coroutine and may raise. NULL: function and arguments are on the stack already.
  int (*prepare)(lua_State *L, Task *task);
  // Called after the function returned, with only its results on the stack. Runs in the task's coroutine and may raise.
  void (*finish)(lua_State *L, Task *task);
  // Called after the function of a task that has waited returned, before `finish`. If it returns true, `before_end` is
  // called first, a C function that may wait and may end the task; the results stay on the stack.
  bool (*ends_later)(Task *task);
  lua_CFunction before_end;
  // Called when the task's record has been created.
  void (*recorded)(Task *task, Record *record);
  // Called after the function failed or was stopped; `error` is "file:line: message" and the source line. Returns a
  // body to run instead, or NULL. That body's `prepare` finds the error value on the stack (nil if the function was
  // stopped); only its prepare, finish, results and doing are used.
  const struct TaskBody *(*failed)(Task *task, Str error);
  // Called each time a slice has ended in a wait. Returns the state for the slice's caller.
  TaskState (*suspended)(Task *task);
  // Called once in each slice of the task that runs long (10 ms), between two of its instructions. It does not touch
  // the Lua state. NULL: not called.
  void (*runs_long)(Task *task);
  // Called when engine_cancel_tasks cancels the task, before its <close> variables run.
  void (*cancelled)(Task *task);
  // Returns whether the task goes on elsewhere if it is dropped now, while it waits. Called under a lock: it must not
  // call engine functions that wait. NULL: it does not.
  bool (*goes_on)(const Task *task);
  // Called once when the task has ended; task_state returns how. May start other tasks unless the engine was given up.
  void (*ended)(Task *task);
  // Called once, last of all, when the task is freed: the body frees `data`.
  void (*over)(void *data);
  int results;        // the number of the function's results, or LUA_MULTRET
  const char *doing;  // for the log: "a tick"
} TaskBody;

// Creates a task that has not begun. NULL without memory. The engine is entered. The body owns `data`.
Task *task_new(Engine *engine, const TaskBody *body, void *data);
// task_limit sets the task's time limit, which begins now (EngineOptions.task_timeout_ms); task_unlimit removes it. A
// new task has none.
void task_limit(Task *task);
void task_unlimit(Task *task);
// Sets when the task's turns become late (turn.h; monotonic). Without this call they are as late ones from the
// beginning: call it for work that somebody waits for.
void task_set_due(Task *task, int64_t due_us);
int64_t task_due(const Task *task);  // INT64_MAX: there is none
// Runs the task's first slice on this thread. The engine is entered. After TASK_WAITING the engine's thread owns the
// task, as soon as the engine is left; after any other state `task` is invalid.
TaskState task_start(Task *task);
// Queues the task: the engine's thread runs its first slice. The engine is entered. False without memory: `task` is
// invalid then, and neither `ended` nor `over` is called.
bool task_post(Task *task);
// Frees a task that was neither started nor posted and has no ties; neither `ended` nor `over` is called. The engine is
// entered.
void task_discard(Task *task);
// Makes run_wait without a limit wait for this task too. Call it before task_post.
void task_count(Task *task);

// Cancels a task that waits or has not begun: cancels the operation that the task waits for, and runs the task's
// <close> variables in the caller's slice. The engine is entered. False, with nothing done, if the task is running.
bool task_cancel(Task *task);

// Cancels all tasks for which `fits` returns true and that wait or have not begun. The operations that they wait for
// are cancelled at once; their <close> variables run next, on the engine's thread, and may wait. The engine is entered.
// `fits` is called under a lock, for tasks that are being cancelled already too: it must not call engine functions that
// wait. Returns how many were cancelled.
size_t engine_cancel_tasks(Engine *engine, bool (*fits)(Task *task, const void *ctx),
                           const void *ctx);

Engine *task_engine(const Task *task);  // borrowed
void *task_data(const Task *task);      // as given to task_new or task_set_data
void task_set_data(Task *task, void *data);
// Returns the body given to task_new, even if another one runs in its place.
const TaskBody *task_body(const Task *task);
// Returns TASK_RETURNED until something fails.
TaskState task_state(const Task *task);
// Whether the task was dropped before its function ended: the task goes on elsewhere (task_leave, wait_forget), or the
// engine is closing. What the task did so far stays done; do nothing more for it here.
bool task_is_dropped(const Task *task);
// Drops the running task before the call that it is about to make, which its record does not have then. As a C
// function's last statement: `return task_leave(L);`.
int task_leave(lua_State *L);
// Returns the coroutine of a task that has not begun, to push a function and its arguments.
lua_State *task_coroutine(const Task *task);
// Returns the task that is running in L's state, or NULL if there is none.
Task *task_running(lua_State *L);

// Sets the subject of the log lines that the task causes (log_about). A new task has none. The texts of `subject` must
// outlive the task, or last until the next of these calls; the task holds the subject's trail as long.
void task_set_subject(Task *task, LogSubject subject);
// The same with a copy of the texts, which the task owns. Without memory: no subject.
void task_copy_subject(Task *task, LogSubject subject);
LogSubject task_subject(const Task *task);

// The rank of the task among the tasks of its user. A new task has none.
void task_set_rank(Task *task, TaskRank rank);
TaskRank task_rank(const Task *task);

// Gives the task a reference to the engine, dropped at its end.
void task_hold_engine(Task *task);
// The same, but takes over one of the caller's references.
void task_take_hold(Task *task);
// Drops the task's reference now, if it has one.
void task_drop_hold(Task *task);

// Two Lua values that a body can keep with its task; nil at its beginning.
enum { TASK_VALUES = 2 };
// Pops the value from the top of the stack of L, a coroutine of the task's state.
void task_set_value(lua_State *L, Task *task, int index);
void task_push_value(lua_State *L, const Task *task, int index);  // nil is pushed as false

// Pushes the running task's own table, which lives as long as the task. A function in its field `at_end` is called, in
// the task, after the task's function has returned or failed and before `ended`; it may wait. Raises outside a task.
void task_push_locals(lua_State *L);

// Something outside Lua that must end with a task, however the task ends: `end` is called once, on the thread that ends
// the task, and must neither call Lua nor block. The tie's owner unties it before freeing it.
typedef struct TaskTie {
  struct TaskTie *next, **to;  // `to`: NULL while not tied
  void (*end)(struct TaskTie *tie);
} TaskTie;

// For both, the engine is entered. task_untie does nothing if the tie is not tied.
void task_tie(Task *task, TaskTie *tie);
void task_untie(TaskTie *tie);

// Pushes a global without calling metamethods; returns its type.
int task_push_global(lua_State *L, const char *name);

#endif
