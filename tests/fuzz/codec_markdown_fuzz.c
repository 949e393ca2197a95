// Any bytes as Markdown: the plain form is valid UTF-8.
#include <stdlib.h>

#include "codec/markdown.h"

static void must(bool holds) {
  if (!holds) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Buf out;
  Err err = { 0 };
  buf_init(&out);
  bool ok = markdown_to_plain(str_make((const char *)data, size), &out, &err);
  must(ok == (size <= MARKDOWN_MAX));
  for (Str left = buf_str(&out); left.len;) {
    bool valid;
    size_t len = str_utf8_len(left, &valid);
    must(valid);
    left = str_sub(left, len, left.len);
  }
  buf_clear(&out);
  return 0;
}
