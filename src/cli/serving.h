// What commands that serve share: descriptors, signals, the lines at the start, and the end.
#ifndef WEMOON_CLI_SERVING_H
#define WEMOON_CLI_SERVING_H

#include <pthread.h>
#include <signal.h>

#include "cli/config.h"

enum {
  SERVING_GRACE_MS = 10000,  // how long jobs under way may take after SIGTERM
  // And all else after that. TimeoutStopSec of wemoon.service is longer than both.
  SERVING_END_MS = 2000
};

// Raises the process's limit of descriptors, so that `waiting` more requests have one (accept fails without one); warns
// if there are too few for the threads. False if silent connections could take the last descriptor before they have the
// last thread, from which on they are closed.
bool serving_raise_file_limit(int64_t threads, int64_t waiting, Err *err);
// Blocks SIGINT, SIGTERM, SIGHUP and SIGUSR1 for this thread and the threads that it starts: serving_wait alone takes
// them, so that no handler runs and no system call is interrupted.
void serving_block_signals(sigset_t *set);
// Between these two calls SIGINT and SIGTERM end the process at once: a script may take long to load, and nothing is
// served yet. Call serving_block_signals before. The pointer is for the second call; NULL is allowed.
typedef struct ServingStart ServingStart;
ServingStart *serving_begin_start(void);
void serving_end_start(ServingStart *start);

// What SIGHUP asks for. It has a thread of its own: a load may take long, and no other signal waits for it.
typedef struct {
  const char *script;  // NULL: there is none
  bool (*reload)(void *ctx, Err *err);
  void *ctx;
  // serving.c's own:
  pthread_t thread;
  pthread_mutex_t mutex;  // of `runs` and `again`
  bool has_thread, runs, again;
} ServingReload;

// Returns when the process must end. On SIGHUP it has the script loaded again, on SIGUSR1 it reopens the log file.
void serving_wait(const sigset_t *set, ServingReload *reload);
// Waits for the end of a reload under way; none begins any more.
void serving_end_reload(ServingReload *reload);
// From now on a second Ctrl-C ends the process at once, and it ends after SERVING_GRACE_MS and SERVING_END_MS at the
// latest: a thread that is stuck in a script's call cannot be ended.
void serving_begin_end(void);
// Prints how to talk to the bot at `url`: a command that works in any folder. `listens_elsewhere`: at another address
// than the configuration's.
void serving_print_how_to_conversation(const Config *config, EncryptMode mode, const char *url,
                                       bool listens_elsewhere);
// Flushes the lines at the start; a closed pipe is no reason not to serve. From then on each line is seen at once, though
// standard output is no terminal: a bot runs for months.
void serving_flush(void);

#endif
