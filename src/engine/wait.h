// Waiting: a task is suspended until an operation outside Lua is finished.
#ifndef WEMOON_ENGINE_WAIT_H
#define WEMOON_ENGINE_WAIT_H

#include "engine/task.h"

// One suspension of one task. Reference-counted: the task has one reference, the operation another.
typedef struct Wait Wait;

// Pushes the results on the resumed coroutine's stack and returns their number. Runs on the engine's thread, in
// protected mode. May free `data`. Either this or `drop` is called, once.
typedef int (*WaitPush)(lua_State *L, void *data);
typedef void (*WaitDrop)(void *data);

// Begins a suspension of the running task. Do not raise between wait_begin and wait_suspend. Raises outside a task, and
// where Lua cannot yield: the message names the C function that prevents it (table.sort ...) and what to do. `what` is
// the method's name, for messages.
Wait *wait_begin(lua_State *L, const char *what);
// Suspends the task. As the C function's last statement: `return wait_suspend(L, wait, ...);`. If the task ends before
// the result arrives, `cancel(cancel_ctx)` is called once, on any thread: it asks the operation to end, and must not
// call wait_finish or any function of timers.h except timer_remove_in_cancel.
int wait_suspend(lua_State *L, Wait *wait, void (*cancel)(void *ctx), void *cancel_ctx);
// Ends the wait instead of wait_suspend, if the operation could not be started. The caller then raises or returns an
// error.
void wait_abort(Wait *wait);
// Delivers the result, on any thread, once. Takes over the operation's reference. False if the task ended first:
// `cancel` was called, and the result is dropped.
bool wait_finish(Wait *wait, WaitPush push, WaitDrop drop, void *data);
// Releases the operation's reference instead of wait_finish, if there will be no result. The task is not resumed;
// `cancel` will not be called.
void wait_leave(Wait *wait);

// Delivers the result instead of wait_finish and runs the task's next slice at once, on this thread. `push` pushes the
// results; `begin(task, data)` is called before the slice. Waits for the engine until `deadline_us` at most. False if
// the engine was busy until then: nothing was done. True otherwise, with *state TASK_LOST if the task had ended or the
// engine was given up, else the state after the slice. The operation keeps its reference: call wait_leave.
bool wait_resume(Wait *wait, void (*begin)(Task *task, void *data), WaitPush push, void *data,
                 int64_t deadline_us, TaskState *state);

// Returns the task that is suspended in this wait, or NULL if it has gone on or ended. The engine is entered.
Task *wait_task(const Wait *wait);
// Drops the task that is suspended in this wait, without closing its variables: the task goes on elsewhere, from its
// record. Calls the wait's `cancel`. False if the task is not suspended in this wait any more. The engine is entered;
// the operation keeps its reference.
bool wait_forget(Wait *wait);

// Suspends the running task until `due_us` (monotonic). As the C function's last statement:
// `return wait_until(L, ...);`. `what` is as for wait_begin.
int wait_until(lua_State *L, const char *what, int64_t due_us);

#endif
