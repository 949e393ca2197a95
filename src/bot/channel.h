// Words with a text each, over a connection of this machine: what the prompt and the bot that it is attached to say to
// each other. On the wire: "WORD LENGTH\n" and so many bytes.
#ifndef WEMOON_BOT_CHANNEL_H
#define WEMOON_BOT_CHANNEL_H

#include "base/buf.h"

enum { CHANNEL_WORD_MAX = 16, CHANNEL_TEXT_MAX = 4 << 20 };

typedef struct {
  int fd;
  Buf in;
  size_t used;  // bytes of `in` that the last frame took
} Channel;

typedef enum {
  CHANNEL_READ,
  CHANNEL_NOTHING,  // no whole frame within the time
  CHANNEL_OVER      // the other side is gone, or does not speak so
} ChannelResult;

// Takes over the descriptor of a stream socket.
void channel_open(Channel *channel, int fd);
void channel_close(Channel *channel);
// Waits up to `timeout_ms` (-1: for ever) for a frame. `word` is cut off at CHANNEL_WORD_MAX; `text` is valid until
// the next call.
ChannelResult channel_read(Channel *channel, int timeout_ms, char word[CHANNEL_WORD_MAX],
                           Str *text);
// False if the other side is gone, or takes nothing for 5 s. One thread at a time, which need not be the one that
// reads.
bool channel_send(Channel *channel, const char *word, Str text);
// The process and the user at the other side, as the kernel knows them. False if it does not.
bool channel_peer(const Channel *channel, int *pid, unsigned *uid);

#endif
