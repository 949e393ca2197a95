// A growing byte buffer. If it cannot grow, it stays valid, appends nothing more and sets `failed`: callers append
// without checking and look at `failed` once at the end.
#ifndef WEMOON_BASE_BUF_H
#define WEMOON_BASE_BUF_H

#include "base/str.h"

typedef struct {
  char *ptr;  // NUL-terminated once anything was appended
  size_t len, cap;
  bool failed;
} Buf;

void buf_init(Buf *buf);                  // empty; allocates nothing
void buf_clear(Buf *buf);                 // frees; as after buf_init
void buf_reset(Buf *buf);                 // empty, keeps the memory
bool buf_reserve(Buf *buf, size_t more);  // room for `more` further bytes
void buf_add_slowly(Buf *buf,
                    Str s);  // what buf_add does when the buffer has to grow, or has failed
static inline void buf_add(Buf *buf, Str s) {
  if (buf->failed || s.len >= buf->cap - buf->len) {
    buf_add_slowly(buf, s);
    return;
  }
  if (s.len) memcpy(buf->ptr + buf->len, s.ptr, s.len);
  buf->len += s.len;
  buf->ptr[buf->len] = '\0';
}
static inline void buf_addc(Buf *buf, char c) { buf_add(buf, (Str){ &c, 1 }); }
// Appends `len` bytes, which the caller fills. NULL if the buffer has failed.
static inline char *buf_extend(Buf *buf, size_t len) {
  if (!buf_reserve(buf, len)) return NULL;
  char *at = buf->ptr + buf->len;
  buf->len += len;
  buf->ptr[buf->len] = '\0';
  return at;
}
void buf_add_int(Buf *buf, int64_t n);
__attribute__((format(printf, 2, 3))) void buf_printf(Buf *buf, const char *format, ...);
static inline Str buf_str(const Buf *buf) { return (Str){ buf->ptr ? buf->ptr : "", buf->len }; }

#endif
