// Plays what was captured (bot/capture.h) against a script, on the simulated platform, at the captured times.
#ifndef WEMOON_DEV_REPLAY_H
#define WEMOON_DEV_REPLAY_H

#include "codec/json.h"
#include "dev/devserver.h"

typedef struct {
  size_t number;  // of the line in its file, from 1
  int64_t t_ms;   // when the message came, Unix milliseconds
  Str in, openid;
  const Json *then;  // the captured line
  // What came of it now: a line of the same form. NULL: the message was lost.
  const Json *now;
} ReplayMessage;

typedef struct Replay Replay;

// NULL with ERR_USAGE (no such file, or a line that no capture has) or ERR_MEMORY. A line that was not written whole is
// left out, with a warning.
Replay *replay_read(const char *path, Err *err);
void replay_free(Replay *replay);           // NULL is allowed
size_t replay_count(const Replay *replay);  // its messages
const ReplayMessage *replay_message(const Replay *replay,
                                    size_t index);  // in the order of their coming

// Sets the wall clock to the time of the first message, so that the script is loaded at that time.
void replay_begin(Replay *replay);
// Has the bot's requests to other hosts answered from the capture, and notes what comes of the messages. `options` has
// a bot. False with the reason when it cannot begin.
bool replay_play(Replay *replay, DevServerOptions *options, BotOptions *bot, Err *err);

#endif
