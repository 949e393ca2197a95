// Server-sent events, parsed as the WHATWG HTML standard has it ("Interpreting an event stream"), from pieces that may
// end anywhere, even within a character. Lines end with LF, CR LF or CR. A BOM at the beginning and comments are
// skipped; an event without its final blank line is dropped. Broken UTF-8 becomes U+FFFD.
#ifndef WEMOON_CODEC_SSE_H
#define WEMOON_CODEC_SSE_H

#include "base/buf.h"

typedef struct {
  Buf line, event, data, id, last_id;
  int64_t retry_ms;  // the last `retry` received, or -1
  size_t event_max;  // the limit of an event, and of a line, in bytes
  int bom;           // bytes of a BOM seen so far; -1: past it
  bool after_cr;     // a following LF belongs to the CR before it
  bool has_data, dispatched;
  bool too_large;  // an event was larger than event_max
  bool no_memory;
} Sse;

// Valid until the next call with the same Sse.
typedef struct {
  Str event;  // "message" if it has no name
  Str data;
  Str id;  // the last one received, with this event or before it
} SseEvent;

void sse_init(Sse *sse, size_t event_max);  // bytes of an event, and of a line
void sse_clear(Sse *sse);                   // frees its memory
// Parses *text and advances it. True: *event is complete. False: *text is used up; or `too_large` or `no_memory` is
// set, and the parser is unusable.
bool sse_next(Sse *sse, Str *text, SseEvent *event);

#endif
