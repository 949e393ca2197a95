// An interpreter from the inside, for the files of script/ alone.
#ifndef WEMOON_SCRIPT_INNER_H
#define WEMOON_SCRIPT_INNER_H

#include "engine/run.h"
#include "engine/timers.h"
#include "script/context.h"
#include "script/routes.h"
#include "script/sources.h"

typedef struct Every Every;

struct Interpreter {
  ScriptContext context;
  Engine *engine;
  InterpreterOptions options;
  bool has_on_error;  // looked up once, at load
  uint64_t number;    // in the order in which they were made
  // The last count of interpreters with conversations that it was in; conversation.c's, with its mutex.
  uint64_t counted_in;
  Routes *routes;  // its pages
  Sources *sources;
  char *folder;  // of the script, with its '/'; NULL: none
  // With the engine entered:
  Every *timers;  // wechat.every and wechat.cron
  bool ticking;   // in service: timers are armed
};

static inline Interpreter *interpreter_of(lua_State *L) { return script_context(L)->interpreter; }

// The values that a message's task keeps (task_set_value).
enum { VALUE_MESSAGE, VALUE_REPLY };

#endif
