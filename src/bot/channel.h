// The protocol between the bot and an attached prompt, over a local connection: frames of a word and a text. On the
// wire: "WORD LENGTH\n" and LENGTH bytes.
#ifndef WEMOON_BOT_CHANNEL_H
#define WEMOON_BOT_CHANNEL_H

#include "base/buf.h"

enum { CHANNEL_WORD_MAX = 16, CHANNEL_TEXT_MAX = 4 << 20 };

typedef struct {
  int fd;
  Buf in;
  size_t used;  // bytes of `in` that belong to the last frame
} Channel;

typedef enum {
  CHANNEL_READ,
  CHANNEL_NOTHING,  // no whole frame arrived in time
  CHANNEL_OVER      // the other side is closed, or does not speak this protocol
} ChannelResult;

// Takes ownership of `fd`, a stream socket.
void channel_open(Channel *channel, int fd);
void channel_close(Channel *channel);  // closes the descriptor; may be repeated
// Waits up to `timeout_ms` (-1: for ever) for a frame. `word` is truncated at CHANNEL_WORD_MAX; `text` is valid until
// the next call.
ChannelResult channel_read(Channel *channel, int timeout_ms, char word[CHANNEL_WORD_MAX],
                           Str *text);
// Takes the first frame of that word out of those that have arrived, without waiting; the others stay to be read.
ChannelResult channel_take(Channel *channel, const char *word);
// Sends a frame. Returns false if the other side is closed, or takes nothing for 5 s. Call it from one thread at a
// time, which need not be the reading thread.
bool channel_send(Channel *channel, const char *word, Str text);
// Gets the process and the user at the other side from the kernel. Returns false if the kernel does not know them.
bool channel_peer(const Channel *channel, int *pid, unsigned *uid);

#endif
