// The language of help, reference and errors.
#ifndef WEMOON_CLI_LANGUAGE_H
#define WEMOON_CLI_LANGUAGE_H

#include "base/buf.h"

// "zh" or "en": that of LC_ALL, else LC_MESSAGES, else LANG. A Chinese one with a charset other than UTF-8 is "en".
const char *language_of_environment(void);
// What the prompt says, in that language (bot/prompt_text.h).
const char *language_text(const char *english) __attribute__((format_arg(1)));
// Appends an error, or another sentence that is made from a format of lua/docs/errors_zh.lua, in that language; in
// English where its Chinese is not known or cannot be read.
void language_add_error(Buf *out, Str english);
// The same for the lines of `wemoon check`, "FILE:LINE:COLUMN: WHAT" (lua/docs/findings_zh.lua).
void language_add_findings(Buf *out, Str english);

#endif
