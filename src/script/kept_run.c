#include "script/kept_run.h"

#include "engine/pack.h"

static const char FORMAT[] = "wemoon run 2\n";

static void write_int(Buf *out, int64_t n) { pack_number(out, (uint64_t)n); }

static size_t length_of(const Str *texts, size_t count) {
  enum { NUMBER_MAX = 10 };
  size_t length = 0;
  for (size_t i = 0; i < count; i++) length += texts[i].len + NUMBER_MAX;
  return length;
}

static void write_tail(const KeptRun *run, Buf *out) {
  char tail[sizeof run->script + sizeof run->arrived_us];
  size_t len = run->arrived_us ? sizeof tail : run->script ? sizeof run->script : 0;
  memcpy(tail, &run->script, sizeof run->script);
  memcpy(tail + sizeof run->script, &run->arrived_us, sizeof run->arrived_us);
  if (len) pack_str(out, str_make(tail, len));
}

void kept_write(const KeptRun *run, Buf *out) {
  enum { NUMBERS_MAX = 120 };  // bytes of the format and the numbers
  // A run that has asked once answers the message with which it began: that is written once.
  bool first = run->answering.len > 0 && str_eq(run->answering, run->message);
  const Str texts[] = { run->process,
                        run->openid,
                        run->identity,
                        run->message,
                        first ? STR("") : run->answering,
                        run->question,
                        run->place,
                        run->lost_question,
                        run->lost_place,
                        run->record,
                        run->reply };
  const size_t count = sizeof texts / sizeof *texts - (run->reply.len == 0);
  buf_reserve(out, NUMBERS_MAX + length_of(texts, count));
  buf_add(out, str_make(FORMAT, sizeof FORMAT - 1));
  write_int(out, run->state);
  write_int(out, run->owed | run->events << 1 | run->other_taken << 2 | run->rest << 3 |
                     first << 4 | run->is_text << 5 | (run->reply.len > 0) << 6 |
                     run->unbegun << 7);
  write_int(out, run->since_s);
  write_int(out, run->begun_s);
  write_int(out, run->until_ms);
  write_int(out, run->asks);
  write_int(out, run->ends);
  write_int(out, run->taken);
  write_int(out, run->lost_since_s);
  for (size_t i = 0; i < count; i++) pack_str(out, texts[i]);
  write_tail(run, out);
}

// Runs of earlier versions end before it, or have the script alone.
static bool take_tail(Str bytes, KeptRun *run) {
  Str text;
  enum { SCRIPT = sizeof run->script, ALL = SCRIPT + sizeof run->arrived_us };
  if (!pack_take_str(&bytes, &text) || (text.len != SCRIPT && text.len != ALL)) return false;
  memcpy(&run->script, text.ptr, SCRIPT);
  if (text.len == ALL) memcpy(&run->arrived_us, text.ptr + SCRIPT, sizeof run->arrived_us);
  return bytes.len == 0;
}

bool kept_read(Str bytes, KeptRun *run) {
  uint64_t state, flags, since, begun, until, asks, ends, taken, lost;
  if (!str_starts(bytes, str_make(FORMAT, sizeof FORMAT - 1))) return false;
  bytes = str_sub(bytes, sizeof FORMAT - 1, bytes.len);
  uint64_t *const numbers[] = {
    &state, &flags, &since, &begun, &until, &asks, &ends, &taken, &lost
  };
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    if (!pack_take_number(&bytes, numbers[i])) return false;
  }
  *run = (KeptRun){ .state = state == KEPT_RUNS ? KEPT_RUNS : KEPT_ASKS,
                    .owed = flags & 1,
                    .events = flags & 2,
                    .other_taken = flags & 4,
                    .rest = flags & 8,
                    .is_text = flags & 32,
                    .unbegun = flags & 128,
                    .since_s = (int64_t)since,
                    .begun_s = (int64_t)begun,
                    .until_ms = (int64_t)until,
                    .asks = (int64_t)asks,
                    .ends = (int64_t)ends,
                    .taken = (int64_t)taken,
                    .lost_since_s = (int64_t)lost };
  Str *const texts[] = { &run->process,    &run->openid,   &run->identity, &run->message,
                         &run->answering,  &run->question, &run->place,    &run->lost_question,
                         &run->lost_place, &run->record,   &run->reply };
  size_t count = sizeof texts / sizeof *texts - !(flags & 64);
  for (size_t i = 0; i < count; i++) {
    if (!pack_take_str(&bytes, texts[i])) return false;
  }
  if (flags & 16) run->answering = run->message;
  return bytes.len == 0 || take_tail(bytes, run);
}
