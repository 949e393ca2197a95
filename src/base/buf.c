// A growing byte buffer.
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { SMALLEST = 128 };

void buf_init(Buf *buf) { *buf = (Buf){ 0 }; }

void buf_clear(Buf *buf) {
  free(buf->ptr);
  buf_init(buf);
}

void buf_reset(Buf *buf) {
  buf->len = 0;
  buf->failed = false;
  if (buf->ptr) buf->ptr[0] = '\0';
}

// `cap` counts the NUL at the end.
static bool grow(Buf *buf, size_t more) {
  if (buf->failed) return false;
  size_t needed, cap = buf->cap < SMALLEST / 2 ? SMALLEST : buf->cap * 2;
  buf->failed = true;
  if (__builtin_add_overflow(buf->len, more, &needed) || needed > PTRDIFF_MAX - 1) return false;
  if (cap <= needed) cap = needed + 1;
  char *ptr = realloc(buf->ptr, cap);
  if (!ptr) return false;
  ptr[buf->len] = '\0';
  buf->ptr = ptr;
  buf->cap = cap;
  buf->failed = false;
  return true;
}

bool buf_reserve(Buf *buf, size_t more) {
  if (more < buf->cap - buf->len && !buf->failed) return true;
  return grow(buf, more);
}

void buf_add_slowly(Buf *buf, Str s) {
  if (s.len == 0 || !buf_reserve(buf, s.len)) return;
  memcpy(buf->ptr + buf->len, s.ptr, s.len);
  buf->len += s.len;
  buf->ptr[buf->len] = '\0';
}

static const char two_digits[] = "00010203040506070809101112131415161718192021222324"
                                 "25262728293031323334353637383940414243444546474849"
                                 "50515253545556575859606162636465666768697071727374"
                                 "75767778798081828384858687888990919293949596979899";

void buf_add_int(Buf *buf, int64_t n) {
  char text[20];
  char *at = text + sizeof text;
  uint64_t left = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
  for (; left >= 100; left /= 100) memcpy(at -= 2, &two_digits[2 * (left % 100)], 2);
  if (left >= 10) memcpy(at -= 2, &two_digits[2 * left], 2);
  else *--at = (char)('0' + left);
  if (n < 0) *--at = '-';
  buf_add(buf, str_make(at, (size_t)(text + sizeof text - at)));
}

void buf_printf(Buf *buf, const char *format, ...) {
  va_list args, again;
  va_start(args, format);
  va_copy(again, args);
  size_t room = buf->cap - buf->len;
  int len = vsnprintf(buf->ptr ? buf->ptr + buf->len : NULL, buf->failed ? 0 : room, format, args);
  va_end(args);
  if (len < 0) {
    buf->failed = true;
  } else if (!buf->failed && (size_t)len < room) {
    buf->len += (size_t)len;
  } else if (buf_reserve(buf, (size_t)len)) {
    vsnprintf(buf->ptr + buf->len, (size_t)len + 1, format, again);
    buf->len += (size_t)len;
  }
  va_end(again);
  // The first attempt cut the text.
  if (buf->ptr) buf->ptr[buf->len] = '\0';
}
