// Waiting: how a C function suspends the script until something outside has happened. Inside script/ only.
#ifndef WEMOON_SCRIPT_WAIT_H
#define WEMOON_SCRIPT_WAIT_H

#include <lua.h>
#include "base/err.h"

// One suspension of one task. Counted: the task holds one, the operation outside holds one.
typedef struct Wait Wait;

// Pushes the results on the resumed coroutine's stack and returns how many; runs on the interpreter's thread
// with the lock held, protected. `data` may be freed here; it is called exactly once, or `drop` is.
typedef int (*WaitPush)(lua_State *L, void *data);
typedef void (*WaitDrop)(void *data);

// Begins a suspension of the running task; nothing may raise between it and wait_suspend. Raises, naming the
// C function in the way (table.sort, string.gsub ...) and what to do, where Lua cannot yield here; raises
// outside a task. `what` is the method's name, for messages ("wechat.sleep").
Wait *wait_begin(lua_State *L, const char *what);
// Suspends: `return wait_suspend(L, wait);` is the last thing the C function does. `cancel(cancel_ctx)` is
// called (any thread, once at most) when the task ends before the result came; it asks the operation to end
// and must not call wait_finish itself.
int wait_suspend(lua_State *L, Wait *wait, void (*cancel)(void *ctx), void *cancel_ctx);
// Instead of wait_suspend: the operation could not be begun. The caller raises or returns nil, err.
void wait_abort(Wait *wait);
// From any thread, once: what was waited for is there. Takes the operation's hold on `wait`. False when the
// task ended before: then `cancel` was called or is over, the result is dropped.
bool wait_finish(Wait *wait, WaitPush push, WaitDrop drop, void *data);

#endif
