// The chunked transfer coding (RFC 9112, 7.1), undone as its bytes come.
#ifndef WEMOON_NET_CHUNKS_H
#define WEMOON_NET_CHUNKS_H

#include "base/buf.h"

typedef enum {
  CHUNKS_MORE,       // go on with what comes next
  CHUNKS_WHOLE,      // the body and its trailers have ended
  CHUNKS_BROKEN,     // no such coding
  CHUNKS_TOO_LARGE,  // the body has more than the bytes that are allowed
  CHUNKS_NO_MEMORY,  // `out` could not grow
} ChunksState;

typedef struct {
  size_t max;     // bytes of the body that are allowed
  size_t total;   // bytes of the body that were announced
  size_t left;    // of the current chunk
  size_t beside;  // bytes of extensions and trailers so far
  int digits;     // of the size that is being read
  int step;       // which part of the coding comes next
} Chunks;

void chunks_init(Chunks *chunks, size_t max);
// Takes bytes from the front of *in, appends those of the body to `out`. *in becomes what does not belong to
// this body: empty until CHUNKS_WHOLE. A body that is too large is refused when the size of its chunk is
// known. Extensions and trailers are dropped; with more than 8 KB of them the coding counts as broken. Lines
// end with CR and LF alone. Not to be called again after any other state than CHUNKS_MORE.
ChunksState chunks_read(Chunks *chunks, Str *in, Buf *out);

#endif
