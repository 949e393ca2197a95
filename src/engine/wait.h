// Waiting: a task is suspended until something outside is finished.
#ifndef WEMOON_ENGINE_WAIT_H
#define WEMOON_ENGINE_WAIT_H

#include "engine/task.h"

// One suspension of one task. Counted: the task holds it, and the operation outside holds it.
typedef struct Wait Wait;

// Pushes the results on the resumed coroutine's stack and returns how many; runs on the engine's thread,
// protected. `data` may be freed here; it is called exactly once, or `drop` is.
typedef int (*WaitPush)(lua_State *L, void *data);
typedef void (*WaitDrop)(void *data);

// Begins a suspension of the running task; nothing may raise between it and wait_suspend. Raises outside a
// task, and where Lua cannot yield: the message names the C function in the way (table.sort ...) and what to
// do. `what` is the method's name, for messages.
Wait *wait_begin(lua_State *L, const char *what);
// Suspends: `return wait_suspend(L, wait, ...);` is the last thing that the C function does. If the task ends
// before the result came, `cancel(cancel_ctx)` is called once, on any thread: it asks the operation to end
// and must not call wait_finish itself, nor any function of timers.h but timer_remove_in_cancel.
int wait_suspend(lua_State *L, Wait *wait, void (*cancel)(void *ctx), void *cancel_ctx);
// In place of wait_suspend, if the operation could not be begun. The caller then raises or returns
// nil, err.
void wait_abort(Wait *wait);
// Delivers the result. From any thread, once. Takes the operation's hold on `wait`. False if the
// task ended before: `cancel` was called or has returned, and the result is dropped.
bool wait_finish(Wait *wait, WaitPush push, WaitDrop drop, void *data);
// In place of wait_finish, if the operation has no result and never will: the task is not told.
// Takes the hold. `cancel` is not called any more.
void wait_leave(Wait *wait);

// In place of wait_finish, on this thread: runs the task's next slice at once, with `push`'s results. Waits
// for the engine until `deadline_us` at most. False if it was busy until then: nothing was done. True with
// *state TASK_LOST if the task had ended before or the engine was given up, else what the slice came to. The
// operation keeps its hold: call wait_leave. `begin(task, data)` is called before the slice.
bool wait_resume(Wait *wait, void (*begin)(Task *task, void *data), WaitPush push, void *data,
                 int64_t deadline_us, TaskState *state);

// The task that is suspended in it; NULL if it has ended. The engine is entered.
Task *wait_task(const Wait *wait);
// Drops the task that is suspended in this wait without closing its variables: it goes on
// elsewhere, from its record. Its `cancel` is called. False if it is not suspended there any more.
// The engine is entered; the operation keeps its hold.
bool wait_forget(Wait *wait);

// Suspends the running task until a time (monotonic, in microseconds): `return wait_until(L, ...);`.
int wait_until(lua_State *L, const char *what, int64_t due_us);

#endif
