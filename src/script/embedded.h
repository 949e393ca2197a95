// The files of lua/, carried in the binary, as bytes.
#ifndef WEMOON_SCRIPT_EMBEDDED_H
#define WEMOON_SCRIPT_EMBEDDED_H

#include "base/buf.h"

// Appends the file of that name there ("new/bot.lua"); false where there is none, or no memory.
bool embedded_read(const char *name, Buf *text);

#endif
