// The texts of --help in the language of the environment.
#ifndef WEMOON_CLI_HELP_TEXTS_H
#define WEMOON_CLI_HELP_TEXTS_H

#include "base/str.h"

typedef struct HelpTexts HelpTexts;

// Reads the Chinese texts of lua/docs; NULL where the language is English, or where they cannot be read.
HelpTexts *help_texts_open(void);
void help_texts_close(HelpTexts *texts);  // NULL is allowed
// The text `name` of a group: of a command "summary", "details" or "--OPTION", of "key" a configuration key, of "help"
// a text of help itself; `english` where there is no other. It lives as long as `texts`.
Str help_text(const HelpTexts *texts, const char *group, const char *name, const char *english);

#endif
