// What the prompt says where no script says it (lua/repl/texts_zh.lua has the rest), in the language of its user.
#ifndef WEMOON_BOT_PROMPT_TEXT_H
#define WEMOON_BOT_PROMPT_TEXT_H

#include <stdbool.h>

// The Chinese of a text, with the same formats in the same order; else, and where there is none, the English. Static.
const char *prompt_text(const char *english, bool chinese) __attribute__((format_arg(1)));

#endif
