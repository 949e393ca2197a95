// Base64, sixteen letters at a time. Comparisons of a whole block find letters and values, in the place of tables: the
// compiler makes vector instructions of them, on every machine that has some.
#include "codec/base64.h"

#include "base/lane.h"

#include <byteswap.h>

enum { LETTERS = sizeof(Lane), BYTES = LETTERS * 6 / 8 };  // of a block

// Each threshold turns the values above it into the letters of the next range. A comparison gives -1 or 0.
static inline Lane letters_of(Lane value) {
  return value + 'A' + ((value > 25) & ('a' - 'A' - 26)) + ((value > 51) & ('0' - 'a' - 26)) +
         ((value > 61) & ('+' - '0' - 10)) + ((value > 62) & ('/' - '+' - 1));
}

// Adds to `wrong` what is no letter; its values mean nothing.
static inline Lane values_of(Lane letter, Lane *wrong) {
  Lane plus = letter > '+' - 1, slash = letter > '/' - 1, digit = letter > '0' - 1,
       upper = letter > 'A' - 1, lower = letter > 'a' - 1;
  *wrong |= ~(plus ^ (letter > '+') ^ slash ^ (letter > '9') ^ upper ^ (letter > 'Z') ^ lower ^
              (letter > 'z'));
  return letter + (62 - '+') + (slash & ('+' + 1 - '/')) + (digit & (52 - 63 + '/' - '0')) +
         (upper & ('0' - 52 - 'A')) + (lower & (26 + 'A' - 'a'));
}

// Spreads 48 bits over eight bytes, six to each, and gathers them, halving or doubling the width of the fields.
static inline uint64_t spread(uint64_t bits) {
  bits = (bits & 0xFFFFFF000000) << 8 | (bits & 0xFFFFFF);
  bits = (bits & 0x00FFF00000FFF000) << 4 | (bits & 0x00000FFF00000FFF);
  return (bits & 0x0FC00FC00FC00FC0) << 2 | (bits & 0x003F003F003F003F);
}

static inline uint64_t gather(uint64_t values) {
  values = (values >> 2 & 0x0FC00FC00FC00FC0) | (values & 0x003F003F003F003F);
  values = (values >> 4 & 0x00FFF00000FFF000) | (values & 0x00000FFF00000FFF);
  return (values >> 8 & 0xFFFFFF000000) | (values & 0xFFFFFF);
}

static inline void encode_block(const char *bytes, char *letters) {
  uint64_t first;
  uint32_t last;
  memcpy(&first, bytes, sizeof first);
  memcpy(&last, bytes + sizeof first, sizeof last);
  uint64_t a = be64toh(first) >> 16, b = be64toh(first) << 32 & 0xFFFF00000000;
  LaneHalves values = { bswap_64(spread(a)), bswap_64(spread(b | be32toh(last))) };
  Lane block = letters_of(lane_of(values));
  memcpy(letters, &block, sizeof block);
}

static inline __attribute__((always_inline)) void decode_block(const char *letters, char *bytes,
                                                               Lane *wrong) {
  LaneHalves values = lane_halves(values_of(lane_at(letters), wrong));
  uint64_t a = gather(bswap_64(values.first)), b = gather(bswap_64(values.second));
  uint64_t first = htobe64(a << 16 | b >> 32);
  uint32_t last = htobe32((uint32_t)b);
  memcpy(bytes, &first, sizeof first);
  memcpy(bytes + sizeof first, &last, sizeof last);
}

// Encodes the last bytes, fewer than a block; returns the end of the text.
static char *encode_last(const char *bytes, size_t count, char *at) {
  char padded[BYTES] = { 0 }, letters[LETTERS];
  size_t used = (count * 8 + 5) / 6, len = (count + 2) / 3 * 4;
  memcpy(padded, bytes, count);
  encode_block(padded, letters);
  memset(letters + used, '=', len - used);
  memcpy(at, letters, len);
  return at + len;
}

void base64_encode(Buf *out, Str bytes) {
  if (bytes.len > SIZE_MAX / 2 || !buf_reserve(out, (bytes.len + 2) / 3 * 4)) {
    out->failed = true;
    return;
  }
  const char *in = bytes.ptr;
  char *at = out->ptr + out->len;
  size_t left = bytes.len;
  for (; left >= BYTES; left -= BYTES, in += BYTES, at += LETTERS) encode_block(in, at);
  if (left) at = encode_last(in, left, at);
  *at = '\0';
  out->len = (size_t)(at - out->ptr);
}

// Decodes the last letters, a block or fewer, without padding; returns the end of the bytes, or NULL if bits of the
// last letter that belong to no byte are set.
static char *decode_last(const char *letters, size_t count, bool lenient_tail, char *at,
                         Lane *wrong) {
  char filled[LETTERS], bytes[BYTES + 1] = { 0 };
  size_t len = count * 6 / 8;
  memset(filled, 'A', sizeof filled);  // the value 0
  memcpy(filled, letters, count);
  decode_block(filled, bytes, wrong);
  memcpy(at, bytes, len);
  return lenient_tail || bytes[len] == 0 ? at + len : NULL;
}

bool base64_decode(Buf *out, Str text, bool lenient_tail) {
  if (text.len % 4) return false;
  if (text.len == 0) return true;
  const char *in = text.ptr;
  size_t padding = in[text.len - 1] != '=' ? 0 : in[text.len - 2] != '=' ? 1 : 2;
  if (!buf_reserve(out, text.len / 4 * 3)) return false;
  char *at = out->ptr + out->len;
  Lane wrong = { 0 };
  size_t left = text.len - padding;
  for (; left > LETTERS; left -= LETTERS, in += LETTERS, at += BYTES) decode_block(in, at, &wrong);
  at = decode_last(in, left, lenient_tail, at, &wrong);
  bool good = at && lane_is_zero(wrong);
  if (good) out->len = (size_t)(at - out->ptr);
  out->ptr[out->len] = '\0';
  return good;
}
