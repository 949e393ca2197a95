// Base64, with a table for each direction.
#include "codec/base64.h"

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

enum { NO = 64 };

static const uint8_t values[256] = {
  NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
  NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, 62, NO, NO, NO, 63,
  52, 53, 54, 55, 56, 57, 58, 59, 60, 61, NO, NO, NO, NO, NO, NO, NO, 0,  1,  2,  3,  4,  5,  6,
  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, NO, NO, NO, NO, NO,
  NO, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48,
  49, 50, 51, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
  NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
  NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
  NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
  NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
  NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
};

void base64_encode(Buf *out, Str bytes) {
  if (bytes.len > SIZE_MAX / 2 || !buf_reserve(out, (bytes.len + 2) / 3 * 4)) {
    out->failed = true;
    return;
  }
  const unsigned char *in = (const unsigned char *)bytes.ptr;
  char *at = out->ptr + out->len;
  size_t left = bytes.len;
  for (; left >= 3; left -= 3, in += 3) {
    uint32_t group = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];
    *at++ = letters[group >> 18];
    *at++ = letters[group >> 12 & 63];
    *at++ = letters[group >> 6 & 63];
    *at++ = letters[group & 63];
  }
  if (left) {
    uint32_t group = (uint32_t)in[0] << 16 | (left == 2 ? (uint32_t)in[1] << 8 : 0);
    *at++ = letters[group >> 18];
    *at++ = letters[group >> 12 & 63];
    *at++ = left == 2 ? letters[group >> 6 & 63] : '=';
    *at++ = '=';
  }
  *at = '\0';
  out->len = (size_t)(at - out->ptr);
}

// Decodes four letters to three bytes; false on a letter outside the alphabet.
static bool decode_group(const unsigned char *in, char *at) {
  uint8_t a = values[in[0]], b = values[in[1]], c = values[in[2]], d = values[in[3]];
  if ((a | b | c | d) & NO) return false;
  at[0] = (char)(a << 2 | b >> 4);
  at[1] = (char)(b << 4 | c >> 2);
  at[2] = (char)(c << 6 | d);
  return true;
}

// Decodes the padded group: one or two bytes.
static bool decode_last(const unsigned char *in, size_t bytes, bool lenient_tail, char *at) {
  unsigned char padded[4] = { in[0], in[1], bytes == 2 ? in[2] : 'A', 'A' };
  char decoded[3];
  if (!decode_group(padded, decoded)) return false;
  if (!lenient_tail && decoded[bytes] != 0) return false;
  memcpy(at, decoded, bytes);
  return true;
}

bool base64_decode(Buf *out, Str text, bool lenient_tail) {
  if (text.len % 4) return false;
  if (text.len == 0) return true;
  const unsigned char *in = (const unsigned char *)text.ptr;
  size_t padding = in[text.len - 1] != '=' ? 0 : in[text.len - 2] != '=' ? 1 : 2;
  if (!buf_reserve(out, text.len / 4 * 3)) return false;
  char *at = out->ptr + out->len;
  bool valid = true;
  for (size_t groups = text.len / 4 - (padding > 0); valid && groups > 0;
       groups--, in += 4, at += 3) {
    valid = decode_group(in, at);
  }
  if (valid && padding) {
    valid = decode_last(in, 3 - padding, lenient_tail, at);
    at += 3 - padding;
  }
  if (valid) out->len = (size_t)(at - out->ptr);
  out->ptr[out->len] = '\0';
  return valid;
}
