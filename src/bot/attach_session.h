// One attached prompt.
#ifndef WEMOON_BOT_ATTACH_SESSION_H
#define WEMOON_BOT_ATTACH_SESSION_H

#include <stdatomic.h>

#include "bot/attach.h"
#include "bot/channel.h"

typedef struct {
  const AttachOptions *options;
  const Buf *about;             // who the bot is, JSON
  const atomic_bool *stopping;  // the bot ends
  uint64_t number;
  Channel channel;
  int pid;
  unsigned uid;
  uint64_t interpreter;  // that the program was begun in; 0: none yet
  bool interrupted, gone;
  Buf settings, out;
} Session;

// NULL without memory; `fd` is the caller's then. All that it is given outlives it.
Session *session_new(const AttachOptions *options, const Buf *about, const atomic_bool *stopping,
                     int fd);
void session_free(Session *session);
// Returns when the prompt has left, or the bot ends.
void session_converse(Session *session);

#endif
