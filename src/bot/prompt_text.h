// What the prompt says where no script says it (lua/repl/texts_zh.lua has the rest), in the language of its user.
#ifndef WEMOON_BOT_PROMPT_TEXT_H
#define WEMOON_BOT_PROMPT_TEXT_H

#include <stdbool.h>

// Returns the Chinese of a text, with the same formats in the same order. Returns `english` itself if `chinese` is
// false or the table lacks the text. The result is static.
const char *prompt_text(const char *english, bool chinese) __attribute__((format_arg(1)));

#endif
