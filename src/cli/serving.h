// What the commands that serve have in common: descriptors, signals, what is said at the start, the end.
#ifndef WEMOON_CLI_SERVING_H
#define WEMOON_CLI_SERVING_H

#include <signal.h>

#include "cli/config.h"

enum { SERVING_GRACE_MS = 10000 };  // how long jobs under way may take once SIGTERM came

// Each HTTP thread serves one connection, and accept fails when there are no descriptors left: raises the
// process's limit, so that `waiting` requests more find one, and warns where too few are to be had for the threads.
// False where silent connections could take the last descriptor
// before they have the last thread, from which on they give way.
bool serving_raise_file_limit(int64_t threads, int64_t waiting, Err *err);
// Blocks SIGINT, SIGTERM, SIGHUP and SIGUSR1 for this thread and those that it starts: they are taken by serving_wait
// alone, so that no handler runs and no system call is interrupted.
void serving_block_signals(sigset_t *set);
// Returns when the process is to end. SIGHUP: `reload(ctx)` loads `script` again (NULL: there is none);
// SIGUSR1 opens the log's file anew.
void serving_wait(const sigset_t *set, const char *script, bool (*reload)(void *ctx, Err *err),
                  void *ctx);
// From here a second Ctrl-C ends the process at once, and so does SERVING_GRACE_MS and a second: a thread
// that is stuck in a script's call cannot be ended.
void serving_begin_end(void);
// How to talk to the bot at `url`, as lines on standard output: a command that works in any folder.
// `listens_elsewhere`: not where the configuration says.
void serving_print_how_to_conversation(const Config *config, EncryptMode mode, const char *url,
                                       bool listens_elsewhere);
// Writes out what was said at the start; where nobody reads it, that is no reason not to serve.
void serving_flush(void);

#endif
