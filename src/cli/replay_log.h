// The log of a script that is replayed: what it says of a hundred messages alike is told once, before the differences.
#ifndef WEMOON_CLI_REPLAY_LOG_H
#define WEMOON_CLI_REPLAY_LOG_H

#include <stdbool.h>

// Takes the log's lines from now on; `enabled` false: leaves the log as it is. One at a time.
void replay_log_begin(bool enabled);
// Ends that, and writes the warnings and errors to standard error, each once, with the number of its messages. The
// lines of the outcomes are left out: what comes of each message is what is compared.
void replay_log_end(void);

#endif
