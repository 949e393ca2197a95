// Any bytes as an event stream: cut anywhere, it holds the same events as in one piece.
#include <stdlib.h>

#include "codec/sse.h"

static void must(bool holds) {
  if (!holds) abort();
}

static void read_all(Str stream, size_t piece, Buf *out) {
  Sse sse;
  SseEvent event;
  sse_init(&sse, 200);
  for (size_t at = 0; at < stream.len && !sse.too_large; at += piece) {
    Str text = str_sub(stream, at, piece);
    while (sse_next(&sse, &text, &event)) {
      must(event.data.len <= 200);
      buf_printf(out, "%zu %zu %zu ", event.event.len, event.data.len, event.id.len);
      buf_add(out, event.event);
      buf_add(out, event.data);
      buf_add(out, event.id);
    }
    must(text.len == 0 || sse.too_large);
  }
  must(!sse.no_memory);
  sse_clear(&sse);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 2) return 0;
  Buf whole, pieces;
  buf_init(&whole);
  buf_init(&pieces);
  Str stream = str_make((const char *)data + 1, size - 1);
  read_all(stream, stream.len, &whole);
  read_all(stream, 1 + data[0] % 16, &pieces);
  must(str_eq(buf_str(&whole), buf_str(&pieces)));
  buf_clear(&whole);
  buf_clear(&pieces);
  return 0;
}
