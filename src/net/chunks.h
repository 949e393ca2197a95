// Decodes the chunked transfer coding (RFC 9112, 7.1) as its bytes arrive.
#ifndef WEMOON_NET_CHUNKS_H
#define WEMOON_NET_CHUNKS_H

#include "base/buf.h"

typedef enum {
  CHUNKS_MORE,       // more bytes are needed
  CHUNKS_WHOLE,      // body and trailers are complete
  CHUNKS_BROKEN,     // malformed
  CHUNKS_TOO_LARGE,  // the body is larger than `max`
  CHUNKS_NO_MEMORY,  // `out` could not grow
} ChunksState;

typedef struct {
  size_t max;     // the limit of the body, in bytes
  size_t total;   // bytes of the body announced so far
  size_t left;    // bytes left of the current chunk
  size_t beside;  // bytes of extensions and trailers so far
  int digits;     // digits read of a chunk's size
  int step;       // the part of the coding that comes next
} Chunks;

void chunks_init(Chunks *chunks, size_t max);
// Decodes *in and appends the body's bytes to `out`. After CHUNKS_WHOLE *in is what follows the body; before, it is
// empty. A body that is too large is refused as soon as the size of its chunk is known. Extensions and trailers are
// dropped; more than 8 KB of them are malformed. Lines end with CR LF alone. Call it again only after CHUNKS_MORE.
ChunksState chunks_read(Chunks *chunks, Str *in, Buf *out);

#endif
