// Programs: files of lua/ that are run in place of a script, and the functions that they give.
#ifndef WEMOON_SCRIPT_PROGRAM_H
#define WEMOON_SCRIPT_PROGRAM_H

#include "script/interpreter.h"

// Remembers the table `host` on top of the stack, which programs are given; leaves it there.
void program_set_host(lua_State *L);
void program_push_host(lua_State *L);
// Loads options.program.
bool program_load(Interpreter *in, Err *err);

#endif
