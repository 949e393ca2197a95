// The running bot's socket for attached prompts (`wemoon repl --attach`).
#ifndef WEMOON_BOT_ATTACH_H
#define WEMOON_BOT_ATTACH_H

#include "bot/bot.h"

typedef struct Attach Attach;

typedef struct {
  Bot *bot;            // outlives it
  const char *script;  // as given on the command line; the prompt identifies its bot by it
  const char *config;  // absolute path of the configuration file; empty: none
  int states;          // interpreters
  const char *path;    // of the socket
} AttachOptions;

enum { ATTACH_SESSIONS_MAX = 8 };

// Listens at options->path, a socket of mode 0600 that accepts only this process's user and root. Returns NULL with the
// reason on failure. Copies the options, but not what they point to.
Attach *attach_start(const AttachOptions *options, Err *err);
// Ends the sessions and the inputs that they run, and removes the socket. Returns false if an input is stuck in a call
// that does not return: then the process must end. NULL is allowed.
bool attach_stop(Attach *attach);

#endif
