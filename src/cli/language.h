// The language of help and reference.
#ifndef WEMOON_CLI_LANGUAGE_H
#define WEMOON_CLI_LANGUAGE_H

// "zh" or "en": that of LC_ALL, else LC_MESSAGES, else LANG.
const char *language_of_environment(void);
// What the prompt says, in that language (bot/prompt_text.h).
const char *language_text(const char *english) __attribute__((format_arg(1)));

#endif
