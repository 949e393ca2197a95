// What commands that serve share: descriptors, signals, the lines at the start, and the end.
#ifndef WEMOON_CLI_SERVING_H
#define WEMOON_CLI_SERVING_H

#include <signal.h>

#include "cli/config.h"

enum { SERVING_GRACE_MS = 10000 };  // how long jobs under way may take after SIGTERM

// Raises the process's limit of descriptors, so that `waiting` more requests have one (accept fails without one); warns
// if there are too few for the threads. False if silent connections could take the last descriptor before they have the
// last thread, from which on they are closed.
bool serving_raise_file_limit(int64_t threads, int64_t waiting, Err *err);
// Blocks SIGINT, SIGTERM, SIGHUP and SIGUSR1 for this thread and the threads that it starts: serving_wait alone takes
// them, so that no handler runs and no system call is interrupted.
void serving_block_signals(sigset_t *set);
// Returns when the process must end. On SIGHUP it calls reload(ctx), which loads `script` (NULL: there is none) again; on
// SIGUSR1 it reopens the log file.
void serving_wait(const sigset_t *set, const char *script, bool (*reload)(void *ctx, Err *err),
                  void *ctx);
// From now on a second Ctrl-C ends the process at once, and so does a second more than SERVING_GRACE_MS: a thread that is
// stuck in a script's call cannot be ended.
void serving_begin_end(void);
// Prints how to talk to the bot at `url`: a command that works in any folder. `listens_elsewhere`: at another address
// than the configuration's.
void serving_print_how_to_conversation(const Config *config, EncryptMode mode, const char *url,
                                       bool listens_elsewhere);
// Flushes the lines at the start; a closed pipe is no reason not to serve.
void serving_flush(void);

#endif
