// A task: one run of something in a coroutine of its own, from its first slice to its end. It may wait.
#ifndef WEMOON_ENGINE_TASK_H
#define WEMOON_ENGINE_TASK_H

#include "base/log.h"
#include "base/str.h"
#include "engine/engine.h"
#include "engine/task_state.h"

typedef struct Task Task;

// What a task runs. Every function but `prepare` may be NULL. The engine is entered during all of them but
// `over`, and in `ended` not if it was given up.
typedef struct TaskBody {
  // Leaves a function and its arguments alone on the stack; returns the number of arguments, or -1 if there
  // is nothing to call. Runs in the task's coroutine and may raise. NULL: they are on the stack already.
  int (*prepare)(lua_State *L, Task *task);
  // Finds the results alone on the stack. Runs in the task's coroutine and may raise.
  void (*finish)(lua_State *L, Task *task);
  // The function failed, or was stopped; `error` is "file:line: message" and the source line. Returns a body
  // to run in its place (`prepare` finds the error value on the stack, nil if it was stopped), or NULL. Of
  // that body only prepare, finish, results and doing are used.
  const struct TaskBody *(*failed)(Task *task, Str error);
  // The first slice, or a later one, has ended in a wait. Returns what the slice's caller is told.
  TaskState (*suspended)(Task *task);
  // The task has ended, with its state (task_state). Called once. May start other tasks unless the engine
  // was given up.
  void (*ended)(Task *task);
  // Called once, last of all: the task is gone, and `data` is the body's to free.
  void (*over)(void *data);
  int results;        // of the function; LUA_MULTRET
  const char *doing;  // for the log: "on_message"
} TaskBody;

// A task that has not begun. NULL without memory. The engine is entered. `data` is the body's.
Task *task_new(Engine *engine, const TaskBody *body, void *data);
// task_limit begins the task's time now (EngineOptions.task_timeout_ms); task_unlimit takes the
// limit away. A new task has none.
void task_limit(Task *task);
void task_unlimit(Task *task);
// Sets when its turns become late (turn.h). By default they never do.
void task_set_due(Task *task, int64_t due_us);
int64_t task_due(const Task *task);
// Runs its first slice on this thread. The engine is entered. When it returns anything but TASK_WAITING the
// task is gone; after TASK_WAITING it belongs to the engine's thread, once the engine is left.
TaskState task_start(Task *task);
// The engine's thread runs the first slice as soon as it can. False without memory: the task is gone, and
// neither `ended` nor `over` is called.
bool task_post(Task *task);
// Makes a caller of run_wait without a limit wait for this task as well. Before task_post.
void task_count(Task *task);

// Cancels a task that waits or has not begun: the operation that it waits for is cancelled, and its
// <close> variables run in the caller's slice. The engine is entered. False, with nothing done, if
// the task is running.
bool task_cancel(Task *task);

// Does so with all that wait and fit. `fits` is asked under a lock: it calls nothing of the engine's that may wait.
void engine_cancel_tasks(Engine *engine, bool (*fits)(Task *task, const void *ctx),
                         const void *ctx);

Engine *task_engine(const Task *task);
void *task_data(const Task *task);
void task_set_data(Task *task, void *data);
// The body that it was made with, whatever runs in its place now.
const TaskBody *task_body(const Task *task);
// TASK_RETURNED until something failed.
TaskState task_state(const Task *task);
// Whether it was dropped before its function ended: it goes on elsewhere (task_leave, wait_forget),
// or the engine is going away. What it did so far is done; nothing more may be done for it.
bool task_is_dropped(const Task *task);
// Drops the running task. As a C function's last act: `return task_leave(L);`.
int task_leave(lua_State *L);
// The coroutine of a task that has not begun: a function and its arguments can be pushed there.
lua_State *task_coroutine(const Task *task);
// The task that is running in L's state; NULL if there is none.
Task *task_running(lua_State *L);

// What the lines of the log that the task causes are about (log_about); a new task's are about no user.
// `subject` points to what outlives the task, or the next of these calls; its trail is held until then.
void task_set_subject(Task *task, LogSubject subject);
// The same with a copy that goes with the task. Without memory: about no user.
void task_copy_subject(Task *task, LogSubject subject);
LogSubject task_subject(const Task *task);

// Makes the task hold the engine too, until its end.
void task_hold_engine(Task *task);
// Hands one of the caller's holds over to the task.
void task_take_hold(Task *task);
void task_drop_hold(Task *task);

// Two Lua values that a body can keep with its task; nil at its beginning.
enum { TASK_VALUES = 2 };
// Pops the value at the top of L's stack (a coroutine of the task's state).
void task_set_value(lua_State *L, Task *task, int index);
void task_push_value(lua_State *L, const Task *task, int index);  // false for nil

// Pushes the table that belongs to the running task alone and goes with it. A function in its field `at_end`
// is called, in the task, once the task's own function has returned or failed and before `ended`; it may
// wait. Raises outside a task.
void task_push_locals(lua_State *L);

// Something outside Lua that goes with a task, however that ends: `end` is called once, on the thread that ends
// the task, and must neither call Lua nor block. The owner of the tie unties it before it is gone.
typedef struct TaskTie {
  struct TaskTie *next, **to;  // `to`: NULL while it is tied to none
  void (*end)(struct TaskTie *tie);
} TaskTie;

// The engine is entered, for both. One that is tied to none can be untied.
void task_tie(Task *task, TaskTie *tie);
void task_untie(TaskTie *tie);

// Pushes a global without calling metamethods; returns its type.
int task_push_global(lua_State *L, const char *name);

#endif
