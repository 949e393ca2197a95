// A captured talk as a spec (`wemoon replay --spec`).
#ifndef WEMOON_CLI_REPLAY_SPEC_H
#define WEMOON_CLI_REPLAY_SPEC_H

#include "dev/replay.h"

// Prints the talk of that user; of the one who wrote most if `openid` is empty. False if the user said nothing.
bool replay_spec_print(const Replay *replay, const char *path, Str openid);

#endif
