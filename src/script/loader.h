// Where code comes from: the script, what it requires beside itself, the embedded files.
#ifndef WEMOON_SCRIPT_LOADER_H
#define WEMOON_SCRIPT_LOADER_H

#include "base/buf.h"
#include "script/interpreter.h"

// package.searchers. `allow_c`: modules in C are looked for too. May raise.
void loader_open(lua_State *L, bool allow_c);
// Whether a chunk's name stands for a file that is neither the script's own work nor wemoon's: found along
// package.path, or in a tree of modules.
bool loader_is_foreign(lua_State *L, const char *source);
// Pushes the chunk of a file; raises if it cannot be read or parsed.
void loader_load(lua_State *L, const char *path);
Str loader_skip_head(Str code);  // without byte order mark and '#' line
// The file whose folder modules are looked for in; noted as well. False without memory.
bool loader_set_script(Interpreter *in, const char *path);

#endif
