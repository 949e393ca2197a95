// What commands print for a person, in the language of the environment (language.h). Errors are said by report.h. What
// programs read stays as it is: JSON, addresses, names of settings, and the line "N passed, N failed".
#ifndef WEMOON_CLI_OUTPUT_TEXT_H
#define WEMOON_CLI_OUTPUT_TEXT_H

#include "base/str.h"

// Returns the text in that language, with the same formats in the same order; `english` itself if its Chinese is not
// known. The result is static.
const char *output_text(const char *english) __attribute__((format_arg(1)));
// The same for a word that a running bot said.
Str output_word(Str english);
// Prints the text in that language, and spaces up to that column; a Chinese character is two columns wide.
void output_title(const char *english, int columns);

#endif
