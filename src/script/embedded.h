// The files of lua/, carried in the binary, as bytes.
#ifndef WEMOON_SCRIPT_EMBEDDED_H
#define WEMOON_SCRIPT_EMBEDDED_H

#include "base/buf.h"

// Whether the binary has a file of that name ("new/bot.lua").
bool embedded_has(const char *name);
// Appends the file of that name. False if there is none, or no memory.
bool embedded_read(const char *name, Buf *text);

#endif
