// A captured talk as a spec (`wemoon replay --spec`).
#ifndef WEMOON_CLI_REPLAY_SPEC_H
#define WEMOON_CLI_REPLAY_SPEC_H

#include "dev/replay.h"

typedef struct {
  const Replay *replay;
  const char *path;  // of the capture
  Str openid;        // whose talk; empty: of the one who wrote most
  bool keeps_late;   // the bot could not send late answers, and kept them
} ReplayTalk;

// Prints the talk. False if the user said nothing.
bool replay_spec_print(const ReplayTalk *talk);

#endif
