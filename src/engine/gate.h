// A gate (a counting semaphore) lets a fixed number of tasks through at once; the others wait,
// first come, first served. Tasks of one engine enter it; any thread may leave it. With no passes
// it makes tasks wait until it is opened.
#ifndef WEMOON_ENGINE_GATE_H
#define WEMOON_ENGINE_GATE_H

#include <lua.h>

#include "engine/wait.h"

typedef struct Gate Gate;

Gate *gate_new(int passes);  // held once; NULL without memory
Gate *gate_hold(Gate *gate);
void gate_release(Gate *gate);  // NULL is allowed

// Waits for a pass until `due_us` (monotonic; INT64_MAX: for ever): `return gate_enter(...);`.
// `push` is called with the gate once the task has a pass; the task then owes a gate_leave, unless
// the gate was opened. `late` is called at `due_us`. `what` is the method's name, for messages.
int gate_enter(lua_State *L, Gate *gate, const char *what, int64_t due_us, WaitPush push,
               WaitPush late);
// Takes a pass at once, even if none is left: then others wait until this one is given back too.
// Owes a gate_leave.
void gate_take(Gate *gate);
// Gives a pass back. Any thread that holds no lock of the engine.
void gate_leave(Gate *gate);
// Opens the gate: from now on every task gets through.
void gate_open(Gate *gate);
bool gate_is_open(Gate *gate);

#endif
