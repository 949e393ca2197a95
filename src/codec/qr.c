// A QR code as a PNG of one bit a pixel. The picture is stored, not compressed: it has a few kilobytes anyway.
#include "codec/qr.h"

#include <errno.h>
#include <qrencode.h>
#include <stdlib.h>

enum { QUIET = 4, SCALE_MAX = 32, BLOCK_MAX = 65535 };

// ---- PNG ----------------------------------------------------------------------------------------

static void add_u32(Buf *out, uint32_t number) {
  char bytes[4] = { (char)(number >> 24), (char)(number >> 16), (char)(number >> 8), (char)number };
  buf_add(out, str_make(bytes, 4));
}

static uint32_t crc32_of(Str bytes) {
  uint32_t crc = 0xffffffffu;
  for (size_t i = 0; i < bytes.len; i++) {
    crc ^= (unsigned char)bytes.ptr[i];
    for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
  }
  return ~crc;
}

static uint32_t adler32_of(Str bytes) {
  uint32_t a = 1, b = 0;
  for (size_t i = 0; i < bytes.len; i++) {
    a = (a + (unsigned char)bytes.ptr[i]) % 65521;
    b = (b + a) % 65521;
  }
  return b << 16 | a;
}

// The check sum covers the name and what follows it.
static void add_chunk(Buf *out, Str name, Str data) {
  add_u32(out, (uint32_t)data.len);
  size_t start = out->len;
  buf_add(out, name);
  buf_add(out, data);
  if (!out->failed) add_u32(out, crc32_of(str_make(out->ptr + start, out->len - start)));
}

// zlib's format with blocks that are stored.
static void add_stored(Buf *out, Str data) {
  buf_add(out, STR("\x78\x01"));
  uint32_t sum = adler32_of(data);
  for (bool last = false; !last;) {
    Str block = str_sub(data, 0, BLOCK_MAX);
    data = str_sub(data, block.len, data.len);
    last = data.len == 0;
    char head[5] = { last, (char)block.len, (char)(block.len >> 8), (char)~block.len,
                     (char)(~block.len >> 8) };
    buf_add(out, str_make(head, 5));
    buf_add(out, block);
  }
  add_u32(out, sum);
}

static void add_png(Buf *out, uint32_t width, Str rows) {
  Buf part;
  buf_init(&part);
  buf_add(out, STR("\x89PNG\r\n\x1a\n"));
  add_u32(&part, width);
  add_u32(&part, width);
  buf_add(&part, STR("\x01\x00\x00\x00\x00"));  // one bit, grey, no interlace
  add_chunk(out, STR("IHDR"), buf_str(&part));
  buf_reset(&part);
  add_stored(&part, rows);
  add_chunk(out, STR("IDAT"), buf_str(&part));
  add_chunk(out, STR("IEND"), STR(""));
  if (part.failed) out->failed = true;
  buf_clear(&part);
}

// ---- pixels -------------------------------------------------------------------------------------

static bool is_black(const QRcode *code, int x, int y) {
  x -= QUIET;
  y -= QUIET;
  if (x < 0 || y < 0 || x >= code->width || y >= code->width) return false;
  return code->data[y * code->width + x] & 1;
}

// Each row begins with its filter (none); a set bit is white.
static void add_rows(const QRcode *code, int scale, Buf *rows) {
  int width = (code->width + 2 * QUIET) * scale;
  for (int y = 0; y < width; y++) {
    buf_addc(rows, '\0');
    for (int x = 0; x < width; x += 8) {
      unsigned byte = 0;
      for (int bit = 0; bit < 8; bit++) {
        bool white = x + bit >= width || !is_black(code, (x + bit) / scale, y / scale);
        byte = byte << 1 | white;
      }
      buf_addc(rows, (char)byte);
    }
  }
}

bool qr_png(Str text, int scale, Buf *out, Err *err) {
  if (scale < 1 || scale > SCALE_MAX) scale = scale < 1 ? 1 : SCALE_MAX;
  QRcode *code = QRcode_encodeData((int)text.len, (const unsigned char *)text.ptr, 0, QR_ECLEVEL_M);
  if (!code && errno == ENOMEM) return err_set(err, ERR_MEMORY, "no memory for a QR code");
  if (!code) return err_set(err, ERR_TOO_LARGE, "%zu bytes do not fit into a QR code", text.len);
  Buf rows;
  buf_init(&rows);
  add_rows(code, scale, &rows);
  add_png(out, (uint32_t)((code->width + 2 * QUIET) * scale), buf_str(&rows));
  bool ok = !rows.failed && !out->failed;
  buf_clear(&rows);
  QRcode_free(code);
  return ok ? true : err_set(err, ERR_MEMORY, "no memory for a QR code");
}
