// The context of C functions that Lua calls.
#ifndef WEMOON_SCRIPT_CONTEXT_H
#define WEMOON_SCRIPT_CONTEXT_H

#include "codec/aes.h"
#include "codec/digest.h"
#include "codec/xml.h"
#include "engine/engine.h"
#include "engine/lua_helpers.h"
#include "engine/task.h"
#include "script/interpreter.h"

// One per interpreter.
typedef struct {
  Interpreter *interpreter;
  const InterpreterOptions *options;
  Digest *digest;
  Aes *aes;
  XmlParser *xml;
  NodeTree tree;  // scratch for parse_data
} ScriptContext;

// The context of the interpreter that the state of L belongs to.
static inline ScriptContext *script_context(lua_State *L) { return engine_user(L); }

// Pushes the current message of the running task: the message that is being answered, or the last parsed one. Pushes
// nil if there is none.
void context_push_message(lua_State *L);
// Pops a value and makes it the running task's current message.
void context_set_message(lua_State *L);
// Pops a value and makes it the current message of `task`.
void context_give_message(lua_State *L, Task *task);
// Returns the folder of the script with its '/'; empty: the working directory, or no script.
Str context_folder(lua_State *L);
// Counts a call of the platform for the message that the running task answers.
void context_count_call(lua_State *L);

// TaskBody.goes_on of a task that another one started: it goes on with that one, if their record is in the store.
bool context_goes_on(const Task *task);

#endif
