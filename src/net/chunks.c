// A state machine that takes one byte at a time, and data in one piece.
#include "net/chunks.h"

enum { BESIDE_MAX = 8192, SIZE_DIGITS_MAX = 16 };

enum {
  SIZE,          // digits of a chunk's size
  BLANK,         // blanks behind it, which some senders put there
  EXTENSION,     // ";name=value"
  SIZE_LF,       // the end of its line
  DATA,          //
  DATA_CR,       // the end of the data
  DATA_LF,       //
  TRAILER,       // the beginning of a line behind the last chunk
  TRAILER_REST,  // the rest of such a line
  TRAILER_LF,    //
  END_LF,        // the end of the empty line that ends all
};

void chunks_init(Chunks *chunks, size_t max) { *chunks = (Chunks){ .max = max, .step = SIZE }; }

static ChunksState go(Chunks *chunks, int step) {
  chunks->step = step;
  return CHUNKS_MORE;
}

// Drops one byte. Control characters are malformed.
static ChunksState drop(Chunks *chunks, char c, int at_cr) {
  if (c == '\r') return go(chunks, at_cr);
  if (((unsigned char)c < ' ' && c != '\t') || ++chunks->beside > BESIDE_MAX) return CHUNKS_BROKEN;
  return CHUNKS_MORE;
}

static ChunksState add_digit(Chunks *chunks, int digit) {
  if (++chunks->digits > SIZE_DIGITS_MAX) return CHUNKS_BROKEN;
  chunks->left = chunks->left << 4 | (size_t)digit;
  return CHUNKS_MORE;
}

static ChunksState read_size(Chunks *chunks, char c) {
  int digit = chunks->step == SIZE ? str_hex_digit(c) : -1;
  if (digit >= 0) return add_digit(chunks, digit);
  if (chunks->digits == 0) return CHUNKS_BROKEN;
  if (c == ' ' || c == '\t') {
    chunks->step = BLANK;
    return drop(chunks, c, SIZE_LF);
  }
  if (c == ';') return go(chunks, EXTENSION);
  return c == '\r' ? go(chunks, SIZE_LF) : CHUNKS_BROKEN;
}

// The size of a chunk is complete.
static ChunksState begin_chunk(Chunks *chunks, char c) {
  if (c != '\n') return CHUNKS_BROKEN;
  if (chunks->left > chunks->max - chunks->total) return CHUNKS_TOO_LARGE;
  chunks->total += chunks->left;
  chunks->digits = 0;
  return go(chunks, chunks->left ? DATA : TRAILER);
}

static ChunksState expect(Chunks *chunks, char c, char expected, int next) {
  return c == expected ? go(chunks, next) : CHUNKS_BROKEN;
}

static ChunksState read_byte(Chunks *chunks, char c) {
  switch (chunks->step) {
    case SIZE:
    case BLANK: return read_size(chunks, c);
    case EXTENSION: return drop(chunks, c, SIZE_LF);
    case SIZE_LF: return begin_chunk(chunks, c);
    case DATA_CR: return expect(chunks, c, '\r', DATA_LF);
    case DATA_LF: return expect(chunks, c, '\n', SIZE);
    case TRAILER:
      if (c == '\r') return go(chunks, END_LF);
      chunks->step = TRAILER_REST;
      return drop(chunks, c, TRAILER_LF);
    case TRAILER_REST: return drop(chunks, c, TRAILER_LF);
    case TRAILER_LF: return expect(chunks, c, '\n', TRAILER);
    default: return c == '\n' ? CHUNKS_WHOLE : CHUNKS_BROKEN;
  }
}

static ChunksState read_data(Chunks *chunks, Str *in, Buf *out) {
  size_t len = in->len < chunks->left ? in->len : chunks->left;
  buf_add(out, str_sub(*in, 0, len));
  *in = str_sub(*in, len, in->len);
  chunks->left -= len;
  if (chunks->left == 0) chunks->step = DATA_CR;
  return out->failed ? CHUNKS_NO_MEMORY : CHUNKS_MORE;
}

ChunksState chunks_read(Chunks *chunks, Str *in, Buf *out) {
  ChunksState state = CHUNKS_MORE;
  while (state == CHUNKS_MORE && in->len > 0) {
    if (chunks->step == DATA) {
      state = read_data(chunks, in, out);
    } else {
      state = read_byte(chunks, in->ptr[0]);
      *in = str_sub(*in, 1, in->len);
    }
  }
  return state;
}
