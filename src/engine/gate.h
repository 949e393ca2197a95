// A gate is a counting semaphore for tasks: a fixed number of tasks have a pass at once, the others wait, first come,
// first served. Only tasks of one engine enter a gate; any thread may give a pass back. A gate without passes makes all
// tasks wait until it is opened.
#ifndef WEMOON_ENGINE_GATE_H
#define WEMOON_ENGINE_GATE_H

#include <lua.h>

#include "engine/wait.h"

typedef struct Gate Gate;

Gate *gate_new(int passes);  // with one reference; NULL without memory
// Adds a reference; returns the gate.
Gate *gate_hold(Gate *gate);
void gate_release(Gate *gate);  // NULL is allowed

// Waits for a pass until `due_us` (monotonic; INT64_MAX: without limit). As the C function's last statement:
// `return gate_enter(...);`. Once the task has a pass, `push` is called with the gate; the task must give the pass back
// with gate_leave, unless the gate was opened. At `due_us`, `late` is called instead. `what` is as for wait_begin.
int gate_enter(lua_State *L, Gate *gate, const char *what, int64_t due_us, WaitPush push,
               WaitPush late);
// Takes a pass without waiting, even if none is left: then other tasks wait until this pass is given back too. The
// caller must give it back with gate_leave.
void gate_take(Gate *gate);
// Gives a pass back. Any thread that holds none of the engine's locks.
void gate_leave(Gate *gate);
// Opens the gate for good: every task gets through, those that wait too.
void gate_open(Gate *gate);
bool gate_is_open(Gate *gate);  // by gate_open

#endif
