// What the C functions that Lua calls need to know about where they run. Inside script/ only.
#ifndef WEMOON_SCRIPT_CONTEXT_H
#define WEMOON_SCRIPT_CONTEXT_H

#include <lua.h>
#include <lauxlib.h>
#include "codec/digest.h"
#include "script/interpreter.h"

// One per interpreter; every coroutine of the state finds it through its extra space.
typedef struct {
  Interpreter *interpreter;
  const InterpreterOptions *options;
  Digest *digest;
  Aes *aes;
  XmlParser *xml;
  NodeTree tree;  // scratch for parse_data
  Buf scratch;    // scratch for building text; reset before use, never held across a call into Lua
} ScriptContext;

static inline ScriptContext *script_context(lua_State *L) {
  return *(ScriptContext **)lua_getextraspace(L);
}

// Pushes the current message of the running task (nil without one): the one being answered, or the last one
// parsed.
void context_push_message(lua_State *L);
// Pops a value and makes it the running task's current message.
void context_set_message(lua_State *L);
// The running task calls the platform: counted for the message that it answers.
void context_count_call(lua_State *L);
// Pushes the table that belongs to the running task alone and goes with it. A function in its field `at_end`
// is called, in the task, when the task's own function has ended or failed and nobody was told of it yet; it
// may wait. Raises outside a task.
void context_push_locals(lua_State *L);

#endif
