// Asks a program of lua/docs.
#ifndef WEMOON_CLI_DOCS_CALL_H
#define WEMOON_CLI_DOCS_CALL_H

#include "base/buf.h"
#include "base/err.h"

// Appends what a function of the program, such as "docs/init.lua", makes of `argument`. False: nothing was appended.
bool docs_call(const char *program, const char *function, Str argument, Buf *out, Err *err);

#endif
