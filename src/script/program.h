// Programs: files of lua/ that run in place of a script, and return a table of functions.
#ifndef WEMOON_SCRIPT_PROGRAM_H
#define WEMOON_SCRIPT_PROGRAM_H

#include "script/interpreter.h"

// Stores the table `host` from the top of the stack for programs, without popping it.
void program_set_host(lua_State *L);
void program_push_host(lua_State *L);
// Loads options.program.
bool program_load(Interpreter *in, Err *err);

#endif
