// A user's kept answers of any bytes, as a store that others write to may give them: they come to an end, within them.
#include <stdlib.h>

#include "script/kept_answers.h"

static void must(bool holds) {
  if (!holds) abort();
}

static bool is_within(Str part, Str whole) {
  return part.len == 0 || (part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Str value = str_make((const char *)data, size), rest = value;
  KeptAnswer answer;
  size_t left = size + 1;
  while (kept_answer_next(&rest, &answer)) {
    must(rest.len < left);
    left = rest.len;
    must(is_within(answer.identity, value) && is_within(answer.claim, value) &&
         is_within(answer.packed, value));
  }
  return 0;
}
