// The internals of an interpreter, only for the files of script/.
#ifndef WEMOON_SCRIPT_INNER_H
#define WEMOON_SCRIPT_INNER_H

#include "engine/run.h"
#include "engine/timers.h"
#include "script/context.h"
#include "script/routes.h"
#include "script/sources.h"

typedef struct Every Every;
typedef struct CancelNote CancelNote;

struct Interpreter {
  ScriptContext context;
  Engine *engine;
  InterpreterOptions options;
  bool has_on_error;  // looked up once, at load
  uint64_t number;    // increases with each interpreter created
  // The last count of interpreters with conversations that included this one; for conversation_table.c, under its
  // mutex.
  uint64_t counted_in;
  // For cancels.c, under its mutex:
  Interpreter *next_to_cancel;
  CancelNote *cancel_notes;
  Timer cancel_timer;
  Routes *routes;  // its pages
  Sources *sources;
  uint64_t script;  // digest of the sources that were loaded at the start; 0: none
  char *folder;     // of the script, with its '/'; NULL: none
  // Accessed with the engine entered:
  Every *timers;  // wechat.every and wechat.cron
  bool ticking;   // the interpreter is in service: timers are armed
};

static inline Interpreter *interpreter_of(lua_State *L) { return script_context(L)->interpreter; }

// The values that the task of a message keeps (task_set_value).
enum { VALUE_MESSAGE, VALUE_REPLY };

#endif
