#include "script/kept_answer.h"

#include "engine/pack.h"

static const char FORMAT[] = "wemoon kept 1\n";

void kept_answer_begin(Buf *out) { buf_add(out, str_make(FORMAT, sizeof FORMAT - 1)); }

void kept_answer_write(const KeptAnswer *answer, Buf *out) {
  pack_number(out, (uint64_t)(answer->promised | answer->ready << 1 | answer->given << 2));
  pack_number(out, (uint64_t)answer->since_s);
  pack_number(out, (uint64_t)answer->not_before_s);
  pack_number(out, (uint64_t)answer->claimed_s);
  pack_str(out, answer->identity);
  pack_str(out, answer->claim);
  pack_str(out, answer->packed);
}

bool kept_answer_next(Str *rest, KeptAnswer *answer) {
  Str format = str_make(FORMAT, sizeof FORMAT - 1);
  uint64_t flags, since, not_before, claimed;
  if (str_starts(*rest, format)) *rest = str_sub(*rest, format.len, rest->len);
  if (!pack_take_number(rest, &flags) || !pack_take_number(rest, &since) ||
      !pack_take_number(rest, &not_before) || !pack_take_number(rest, &claimed))
    return false;
  *answer = (KeptAnswer){ .promised = flags & 1,
                          .ready = flags & 2,
                          .given = flags & 4,
                          .since_s = (int64_t)since,
                          .not_before_s = (int64_t)not_before,
                          .claimed_s = (int64_t)claimed };
  return pack_take_str(rest, &answer->identity) && pack_take_str(rest, &answer->claim) &&
         pack_take_str(rest, &answer->packed);
}

size_t kept_answer_count(Str value) {
  KeptAnswer answer;
  size_t count = 0;
  while (kept_answer_next(&value, &answer)) count += !answer.given;
  return count;
}
