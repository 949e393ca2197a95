// Timers of the script: wechat.every and wechat.cron.
#ifndef WEMOON_SCRIPT_EVERY_H
#define WEMOON_SCRIPT_EVERY_H

#include <lua.h>

#include "script/cron.h"
#include "script/interpreter.h"

// Registers the handles' metatable; once per state.
void every_open(lua_State *L);
// Makes a timer that calls the function at index 2 every `interval_us` microseconds, or, if that is 0, whenever
// `cron` fits, from `due_s` (Unix seconds) on. Pushes its handle, which has a method `stop`. Raises.
int every_new(lua_State *L, int64_t interval_us, const Cron *cron, int64_t due_s);

// The script is in service: arms the timers that it made. The engine is entered.
void every_start(Interpreter *in);
void every_free_all(Interpreter *in);  // the state is closed

#endif
