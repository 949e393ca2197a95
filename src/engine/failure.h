// Error reports, and the end of coroutines that failed. No other layer includes this header.
#ifndef WEMOON_ENGINE_FAILURE_H
#define WEMOON_ENGINE_FAILURE_H

#include <lua.h>

#include "base/buf.h"
#include "engine/engine.h"

// Keeps the traceback of `co`, a coroutine created by the script, which died of the error value on top of L's stack.
void failure_note_coroutine(lua_State *L, lua_State *co);

// The text of Lua's own memory errors, for which Lua calls no message handler.
#define NO_MEMORY "not enough memory"

// The error of a coroutine. `text`: "file:line: message", newline, source line; `trace`: the traceback.
typedef struct {
  Buf text, trace;
} Failure;
void failure_init(Failure *failure);
void failure_clear(Failure *failure);  // frees its texts
// Describes the error on top of the stack of the dead coroutine `co`, or why the slice was ended. Never raises.
void failure_describe(Engine *engine, lua_State *co, Failure *failure);
// Describes the error on top of L's stack, in the message handler that was called with it. Never raises.
void failure_describe_here(lua_State *L, Failure *failure);
// Logs "`doing` failed: ..." with text and traceback.
void failure_log(const Failure *failure, const char *doing);
void failure_to_err(const Failure *failure, Err *err);

// Closes the <close> variables of a coroutine that will not be resumed, and logs their errors. They cannot wait.
void close_coroutine(Engine *engine, lua_State *co);

#endif
