// Any bytes as a text that is cut: no piece is longer than it may be, and none is empty.
#include <stdlib.h>

#include "wechat/sentence.h"

static void must(bool holds) {
  if (!holds) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 2) return 0;
  Str text = str_make((const char *)data + 1, size - 1);
  size_t max = 4 + data[0] % 60, cut = sentence_cut(text, max);
  must(cut > 0 && cut <= text.len && (cut <= max || cut == text.len));
  must(text.len > max || cut == text.len);
  must(sentence_prefix(text) <= text.len);
  return 0;
}
