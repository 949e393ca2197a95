// Bodies in chunks: whatever comes, reading ends within its limit, and it does not matter in which pieces it came.
#include <stdint.h>
#include <stdlib.h>

#include "net/chunks.h"

enum { BODY_MAX = 4096 };

static void must(bool condition) {
  if (!condition) abort();
}

// Returns the state, and how many bytes are left behind the body.
static ChunksState feed(Str text, size_t piece, Buf *out, size_t *left) {
  Chunks chunks;
  ChunksState state = CHUNKS_MORE;
  chunks_init(&chunks, BODY_MAX);
  buf_reset(out);
  size_t at = 0;
  while (at < text.len && state == CHUNKS_MORE) {
    Str in = str_sub(text, at, piece);
    size_t len = in.len;
    state = chunks_read(&chunks, &in, out);
    must(in.len <= len && (state != CHUNKS_MORE || in.len == 0));
    at += len - in.len;
  }
  *left = text.len - at;
  return state;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static Buf whole, pieces;
  size_t left, left_of_pieces;
  if (size == 0) return 0;
  Str text = str_make((const char *)data + 1, size - 1);
  ChunksState state = feed(text, SIZE_MAX, &whole, &left);
  must(whole.len <= BODY_MAX && whole.len <= text.len);
  must(feed(text, (size_t)data[0] % 16 + 1, &pieces, &left_of_pieces) == state);
  must(left == left_of_pieces);
  must(str_eq(buf_str(&whole), buf_str(&pieces)));
  return 0;
}
