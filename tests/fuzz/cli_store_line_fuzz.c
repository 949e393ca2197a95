// A line of `wemoon store import`, any bytes: what is read can be written, and reads the same.
#include <stdlib.h>

#include "cli/store_line.h"

static void must(bool holds) {
  if (!holds) abort();
}

static void check_again(const StoreLineDoc *doc) {
  StoreLineDoc again;
  Err err = { 0 };
  Buf out;
  buf_init(&out);
  store_line_add(&out, &doc->line);
  must(store_line_parse(str_sub(buf_str(&out), 0, out.len - 1), &again, &err));
  must(str_eq(doc->line.key, again.line.key) && str_eq(doc->line.value, again.line.value));
  must(doc->line.space == again.line.space);
  store_line_free(&again);
  buf_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  StoreLineDoc doc;
  Err err = { 0 };
  if (!store_line_parse(str_make((const char *)data, size), &doc, &err)) {
    must(err.code == ERR_INVALID && err.text[0]);
    return 0;
  }
  check_again(&doc);
  store_line_free(&doc);
  return 0;
}
