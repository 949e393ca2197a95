// A user's kept answers of any bytes, as a store that others write to may give them: they come to an end, within them,
// and every change of them gives a value that reads back.
#include <stdlib.h>

#include "script/kept_edit.h"

static void must(bool holds) {
  if (!holds) abort();
}

static bool is_within(Str part, Str whole) {
  return part.len == 0 || (part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len);
}

static void read_all(Str value) {
  Str rest = value;
  KeptAnswer answer;
  size_t left = value.len + 1;
  while (kept_answer_next(&rest, &answer)) {
    must(rest.len < left);
    left = rest.len;
    must(is_within(answer.identity, value) && is_within(answer.claim, value) &&
         is_within(answer.packed, value));
  }
}

// Makes the change twice; the second one reads what the first one wrote to its end.
static void change(void (*make)(KeptEdit *, Str, Buf *), Str value, Buf *claimed) {
  KeptEdit edit = {
    .identity = STR("m1"), .now_s = 1700000000, .is_text = true, .pieces = STR("\x04Tone\x04Ttwo")
  };
  Buf once, twice;
  edit.claimed = claimed;
  buf_init(&once);
  buf_init(&twice);
  kept_answer_begin(&once);
  kept_answer_begin(&twice);
  make(&edit, value, &once);
  make(&edit, buf_str(&once), &twice);
  must(twice.len <= once.len + 64 && kept_answer_count(buf_str(&twice)) <= once.len);
  buf_clear(&once);
  buf_clear(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  void (*const changes[])(KeptEdit *, Str, Buf *) = { kept_edit_promise,    kept_edit_put,
                                                      kept_edit_given,      kept_edit_end,
                                                      kept_edit_end_others, kept_edit_claim };
  Str value = str_make((const char *)data, size);
  Buf claimed;
  buf_init(&claimed);
  read_all(value);
  for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) change(changes[i], value, &claimed);
  buf_clear(&claimed);
  return 0;
}
