// A run of any bytes, as a store that others write to may give it: what is read can be written, and reads the same.
#include <stdlib.h>

#include "script/keep.h"

static void must(bool holds) {
  if (!holds) abort();
}

static void within(Str part, Str whole) {
  must(part.len == 0 || (part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Str bytes = str_make((const char *)data, size);
  KeptRun run, again;
  Buf out;
  buf_init(&out);
  if (!kept_read(bytes, &run)) return 0;
  within(run.process, bytes);
  within(run.message, bytes);
  within(run.record, bytes);
  kept_write(&run, &out);
  must(kept_read(buf_str(&out), &again));
  must(str_eq(run.openid, again.openid) && str_eq(run.record, again.record) &&
       run.state == again.state && run.asks == again.asks && run.until_ms == again.until_ms &&
       run.lost_since_s == again.lost_since_s);
  buf_clear(&out);
  return 0;
}
