// An answer that is written bit by bit (server-sent events): the script sends, a reader passes on. This is the
// reader's side, for the layers above; stream_value.h is Lua's.
#ifndef WEMOON_SCRIPT_STREAM_H
#define WEMOON_SCRIPT_STREAM_H

#include "base/buf.h"

typedef struct Stream Stream;

typedef enum {
  STREAM_SENT,   // `out` has something
  STREAM_QUIET,  // nothing was sent meanwhile
  STREAM_OVER    // all has been taken, and nothing more will come
} StreamState;

// Appends what the script has sent since the last call to `out`; does not wait. With STREAM_QUIET
// `news` is called once, on the script's thread, when there is more; it must not block. A reader
// that is more than a megabyte behind gets STREAM_OVER.
StreamState stream_take(Stream *stream, Buf *out, void (*news)(void *ctx), void *ctx);
// Ends the reading: what the script sends from now on is refused, and `news` is not called. Gives
// up the reader's hold. NULL is allowed.
void stream_leave(Stream *stream);

#endif
