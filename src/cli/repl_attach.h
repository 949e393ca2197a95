// The prompt in a running bot (`wemoon repl --attach`).
#ifndef WEMOON_CLI_REPL_ATTACH_H
#define WEMOON_CLI_REPL_ATTACH_H

#include "cli/command.h"

// Looks for the bot, and is its prompt until the end; returns the exit status. SIGINT and SIGWINCH are blocked.
int repl_attach(Invocation *in);

#endif
