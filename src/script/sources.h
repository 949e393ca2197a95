// The files that a script was loaded from: their names, since a change asks for a reload, and what
// they held when they were read. Any thread, also while the script runs or is stuck.
#ifndef WEMOON_SCRIPT_SOURCES_H
#define WEMOON_SCRIPT_SOURCES_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/pairs.h"

typedef struct Sources Sources;

Sources *sources_new(void);           // NULL without memory
void sources_free(Sources *sources);  // NULL is allowed

// Notes a file, whether it is there or not. False without memory.
bool sources_track(Sources *sources, const char *path);
// Keeps a copy of what a file held when it was read, and gives it: valid until the file is kept again. NULL
// without memory.
const Str *sources_keep(Sources *sources, const char *path, Str text);
// From now on sources_given has what `from` kept.
bool sources_give(Sources *sources, Sources *from);
// What to load in place of the file's present text; NULL: there is nothing. Valid as long as the sources.
const Str *sources_given(Sources *sources, const char *path);
// Appends that line, without its end, of the text that was kept of a file. `path` may be the "...END" that Lua
// makes of a long name. False if nothing is kept, or it has no such line.
bool sources_line(Sources *sources, Str path, int64_t line, Buf *out);
// Adds the names that `files` does not have yet, in `arena`. False without memory.
bool sources_list(Sources *sources, Arena *arena, Pairs *files);

#endif
