// Loads code: the script, the modules that it requires, the embedded files.
#ifndef WEMOON_SCRIPT_LOADER_H
#define WEMOON_SCRIPT_LOADER_H

#include "base/buf.h"
#include "script/interpreter.h"

// Sets up package.searchers. `allow_c`: modules in C are searched for too. May raise.
void loader_open(lua_State *L, bool allow_c);
// Returns whether the chunk name `source` is a file that belongs neither to the script nor to wemoon: a file found
// along package.path, or in a tree of modules.
bool loader_is_foreign(lua_State *L, const char *source);
// Pushes the chunk of a file; raises if the file cannot be read or parsed.
void loader_load(lua_State *L, const char *path);
Str loader_skip_head(Str code);  // returns `code` without byte order mark and '#' line
// Sets the script file, in whose folder modules are searched for, and adds it to the sources. Returns false without
// memory.
bool loader_set_script(Interpreter *in, const char *path);

#endif
