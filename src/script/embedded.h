// The files of lua/ that are embedded in the binary, as bytes.
#ifndef WEMOON_SCRIPT_EMBEDDED_H
#define WEMOON_SCRIPT_EMBEDDED_H

#include "base/buf.h"

// Returns whether the binary has the file `name` ("new/bot.lua").
bool embedded_has(const char *name);
// Appends the file `name`. Returns false if there is none, or without memory.
bool embedded_read(const char *name, Buf *text);

#endif
