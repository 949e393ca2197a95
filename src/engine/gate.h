// A gate lets so many through at once; others wait, first come, first served. Of one engine: entered by its tasks,
// left by anybody. With no passes it makes tasks wait until it is opened.
#ifndef WEMOON_ENGINE_GATE_H
#define WEMOON_ENGINE_GATE_H

#include <lua.h>

#include "engine/wait.h"

typedef struct Gate Gate;

Gate *gate_new(int passes);  // held once; NULL without memory
Gate *gate_hold(Gate *gate);
void gate_release(Gate *gate);  // NULL is allowed

// Waits for a pass until `due_us` (monotonic; INT64_MAX: for ever): `return gate_enter(...);`. `push` is called
// with the gate in the task that has one: it owes gate_leave, unless the gate was opened. `late` is called at
// `due_us`. `what` is the method's name, for messages.
int gate_enter(lua_State *L, Gate *gate, const char *what, int64_t due_us, WaitPush push,
               WaitPush late);
// Takes a pass at once, though there may be none left: others wait until it is given back too. Owes gate_leave.
void gate_take(Gate *gate);
// Gives a pass back. Any thread that holds no lock of the engine's.
void gate_leave(Gate *gate);
// Lets everybody through from now on.
void gate_open(Gate *gate);
bool gate_is_open(Gate *gate);

#endif
