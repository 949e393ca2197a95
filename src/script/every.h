// Timers of the script: wechat.every and wechat.cron.
#ifndef WEMOON_SCRIPT_EVERY_H
#define WEMOON_SCRIPT_EVERY_H

#include <lua.h>

#include "script/cron.h"
#include "script/interpreter.h"

// Registers the handles' metatable. Call it once per state.
void every_open(lua_State *L);
// Creates a timer that calls the function at index 2 every `interval_us` microseconds, or, if that is 0, at the times
// of `cron`, from `due_s` (Unix seconds) on. Pushes the timer's handle, which has a method `stop`. Raises on failure.
int every_new(lua_State *L, int64_t interval_us, const Cron *cron, int64_t due_s);

// Arms the script's timers when the script goes into service. The caller has entered the engine.
void every_start(Interpreter *in);
void every_free_all(Interpreter *in);  // the state must be closed

#endif
