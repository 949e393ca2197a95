// Server-sent events, read as the WHATWG HTML standard reads them ("Interpreting an event stream"): in pieces
// that may end anywhere, within a character too. Lines end with LF, CR LF or CR; a BOM at the beginning and
// comments are passed over; an event that no blank line ends is none. Broken UTF-8 becomes U+FFFD.
#ifndef WEMOON_CODEC_SSE_H
#define WEMOON_CODEC_SSE_H

#include "base/buf.h"

typedef struct {
  Buf line, event, data, id, last_id;
  int64_t retry_ms;  // the last `retry` that was sent, or -1
  size_t event_max;  // bytes that an event, or a line, may have
  int bom;           // how many bytes of it have been seen; -1: past it
  bool after_cr;     // an LF that comes next belongs to the CR before it
  bool has_data, dispatched;
  bool too_large;  // sse_next has met an event beyond event_max
  bool no_memory;
} Sse;

// Valid until the next call with the same Sse.
typedef struct {
  Str event;  // "message" if it has no name
  Str data;
  Str id;  // the last one that was sent, with this event or before
} SseEvent;

void sse_init(Sse *sse, size_t event_max);
void sse_clear(Sse *sse);
// Reads on in `*text`, which is left with what was not read. True: `*event` has come. False: `*text` is read to
// its end; or `too_large` or `no_memory` is set, and it is of no use any more.
bool sse_next(Sse *sse, Str *text, SseEvent *event);

#endif
