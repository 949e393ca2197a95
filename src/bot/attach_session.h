// One attached prompt.
#ifndef WEMOON_BOT_ATTACH_SESSION_H
#define WEMOON_BOT_ATTACH_SESSION_H

#include <stdatomic.h>

#include "bot/attach.h"
#include "bot/channel.h"

typedef struct {
  const AttachOptions *options;
  const Buf *about;             // JSON that identifies the bot
  const atomic_bool *stopping;  // the bot is stopping
  uint64_t number;
  Channel channel;
  int pid;
  unsigned uid;
  uint64_t interpreter;  // the one in which the program began; 0: none yet
  bool interrupted, gone;
  bool ends_all;  // the second Ctrl-C came while an input ran
  bool chinese;   // the language of the prompt
  Buf settings, out;
} Session;

// Takes ownership of `fd`. Returns NULL without memory: then the caller still owns `fd`. Every argument outlives the
// session.
Session *session_new(const AttachOptions *options, const Buf *about, const atomic_bool *stopping,
                     int fd);
void session_free(Session *session);  // closes its connection
// Serves the prompt; returns when the prompt disconnects or the bot stops.
void session_converse(Session *session);

#endif
