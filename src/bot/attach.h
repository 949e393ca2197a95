// The socket of the prompt in the running bot (`wemoon repl --attach`): who may, what runs, how it ends.
#ifndef WEMOON_BOT_ATTACH_H
#define WEMOON_BOT_ATTACH_H

#include "bot/bot.h"

typedef struct Attach Attach;

typedef struct {
  Bot *bot;            // outlives it
  const char *script;  // as it was given; told to the prompt, which looks for its bot by it
  const char *config;  // the configuration file's whole path; empty: none
  int states;          // interpreters
  const char *path;    // of the socket
} AttachOptions;

enum { ATTACH_SESSIONS_MAX = 8 };

// Listens at options->path, a socket of mode 0600 that takes this process's user and root alone. NULL with the reason.
// Options are copied but for what they point to.
Attach *attach_start(const AttachOptions *options, Err *err);
// Ends the sessions and what they run, and removes the socket. False when an input is stuck in a call that does not
// come back: then only the end of the process helps. NULL is allowed.
bool attach_stop(Attach *attach);

#endif
