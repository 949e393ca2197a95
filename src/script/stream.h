// An answer that is written bit by bit (server-sent events): the script sends, an HTTP thread passes on. This
// is the HTTP thread's side, for the layers above; stream_value.h is Lua's.
#ifndef WEMOON_SCRIPT_STREAM_H
#define WEMOON_SCRIPT_STREAM_H

#include "base/buf.h"

typedef struct Stream Stream;

typedef enum {
  STREAM_SENT,   // `out` has something
  STREAM_QUIET,  // nothing was sent meanwhile
  STREAM_OVER    // all has been taken, and nothing more will come
} StreamState;

// Waits up to `wait_ms` and appends what the script has sent since the last call to `out`. A reader that is
// more than a megabyte behind gets STREAM_OVER: a reader that does not read is not waited for.
StreamState stream_take(Stream *stream, Buf *out, int64_t wait_ms);
// Nobody reads any more: what the script sends from now on is refused. Gives up the reader's hold. NULL is
// allowed.
void stream_leave(Stream *stream);

#endif
