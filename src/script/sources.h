// The files from which a script was loaded: their names, since a change demands a reload, and their contents when they
// were read. Functions may be called from any thread, also while the script runs or is stuck.
#ifndef WEMOON_SCRIPT_SOURCES_H
#define WEMOON_SCRIPT_SOURCES_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/pairs.h"

typedef struct Sources Sources;

Sources *sources_new(void);           // NULL without memory
void sources_free(Sources *sources);  // NULL is allowed

// Notes the name of a file, which need not exist. Returns false without memory.
bool sources_track(Sources *sources, const char *path);
// Keeps a copy of a file's content and returns it: valid until the file is kept again. Returns NULL without memory.
const Str *sources_keep(Sources *sources, const char *path, Str text);
// Makes sources_given return the contents that `from` kept. Returns false without memory.
bool sources_give(Sources *sources, Sources *from);
// Returns the text to load in place of the file's current text; NULL: none. Valid as long as the sources.
const Str *sources_given(Sources *sources, const char *path);
// Appends line number `line`, without its newline, of a file's kept text. `path` may be the "...END" form in which Lua
// shortens a long name. Returns false if no text is kept, or it has no such line.
bool sources_line(Sources *sources, Str path, int64_t line, Buf *out);
// Returns a number that is the same for the same kept texts, and most likely differs for others; never 0.
uint64_t sources_digest(Sources *sources);
// Adds the names that `files` does not have yet, in `arena`. Returns false without memory.
bool sources_list(Sources *sources, Arena *arena, Pairs *files);

#endif
