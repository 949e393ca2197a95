// An answer written in pieces (server-sent events): the script sends, a reader forwards to the client. This is the
// reader's side, for the layers above; stream_value.h is Lua's side.
#ifndef WEMOON_SCRIPT_STREAM_H
#define WEMOON_SCRIPT_STREAM_H

#include "base/buf.h"

typedef struct Stream Stream;

typedef enum {
  STREAM_SENT,   // `out` has new text
  STREAM_QUIET,  // nothing new was sent
  STREAM_OVER    // all text has been taken, and no more will come
} StreamState;

// Appends to `out` what the script has sent since the last call; does not wait. With STREAM_QUIET `news` is called
// once, on the script's thread, when there is more; `news` must not block. A reader that is more than a megabyte behind
// gets STREAM_OVER.
StreamState stream_take(Stream *stream, Buf *out, void (*news)(void *ctx), void *ctx);
// Ends the reading and releases the reader's reference: later sends of the script are refused, and `news` is not
// called. NULL is allowed.
void stream_leave(Stream *stream);

#endif
