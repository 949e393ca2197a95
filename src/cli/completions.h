// The shells' completions, made from the tables with which commands and options are read.
#ifndef WEMOON_CLI_COMPLETIONS_H
#define WEMOON_CLI_COMPLETIONS_H

#include "cli/command.h"

// Print the completion of a shell on standard output. Options, and commands whose first argument is one of some words,
// offer these words; they offer files where they take one, else nothing.
void completions_bash(const Command *const *commands);
void completions_zsh(const Command *const *commands);

#endif
