#include "script/kept_edit.h"

#include "engine/pack.h"
#include "script/packed_reply.h"

#include <stdio.h>

enum { CLAIM_S = 20 };  // more than the platform's three tries take

static bool is_own(const KeptEdit *edit, const KeptAnswer *answer) {
  return str_eq(answer->identity, edit->identity);
}

static bool is_claimed_by(const KeptEdit *edit, const KeptAnswer *answer) {
  return answer->claim.len > 0 && str_eq(answer->claim, edit->identity);
}

// Reads the next answer that has not expired.
static bool next(const KeptEdit *edit, Str *rest, KeptAnswer *answer) {
  while (kept_answer_next(rest, answer)) {
    int64_t kept_s = answer->given ? KEPT_ANSWERS_GIVEN_S : KEPT_ANSWERS_S;
    if (edit->now_s - answer->since_s < kept_s) return true;
  }
  return false;
}

void kept_edit_promise(KeptEdit *edit, Str before, Buf *after) {
  KeptAnswer answer;
  bool known = false;
  while (next(edit, &before, &answer)) {
    bool own = is_own(edit, &answer);
    known = known || own;
    answer.promised = answer.promised || (own && !answer.given);
    kept_answer_write(&answer, after);
  }
  answer = (KeptAnswer){ .identity = edit->identity, .since_s = edit->now_s, .promised = true };
  if (!known) kept_answer_write(&answer, after);
}

// ---- answers that were given --------------------------------------------------------------------

enum { HASH_MAX = 24 };

// Returns where the time stands in a reply document (packed_reply.h): it differs each time that the same reply is made.
// Returns the length of what has none.
static size_t time_at(Str packed) {
  ptrdiff_t at = str_starts(packed, STR("X")) ? str_find(packed, STR("<CreateTime>")) : -1;
  return at < 0 ? packed.len : (size_t)at;
}

static Str hash_of(Str packed, char text[HASH_MAX]) {
  Str before = str_sub(packed, 0, time_at(packed)), after = str_sub(packed, before.len, packed.len);
  ptrdiff_t end = str_find(after, STR("</CreateTime>"));
  if (end > 0) after = str_sub(after, (size_t)end, after.len);
  uint64_t hash = str_hash(after, str_hash(before, 0));
  int len = snprintf(text, HASH_MAX, "%llx", (unsigned long long)hash);
  return str_make(text, (size_t)len);
}

// The run of a process that was killed right after it had put an answer is still in the store. The next process puts
// the answer again, which its user may have read by then.
static void write_given(const KeptEdit *edit, const KeptAnswer *answer, Buf *after) {
  char text[HASH_MAX];
  Str packed = answer->given ? answer->packed : hash_of(answer->packed, text);
  int64_t since_s = answer->given ? answer->since_s : edit->now_s;
  kept_answer_write(
      &(KeptAnswer){
          .identity = answer->identity, .since_s = since_s, .given = true, .packed = packed },
      after);
}

static bool was_given(const KeptEdit *edit, Str before, Str identity, Str piece) {
  KeptAnswer answer;
  char text[HASH_MAX];
  Str hash = hash_of(piece, text);
  while (next(edit, &before, &answer)) {
    if (answer.given && str_eq(answer.identity, identity) && str_eq(answer.packed, hash))
      return true;
  }
  return false;
}

// ---- answers ------------------------------------------------------------------------------------

// Writes the pieces of an answer that `before` does not have as given. Each has its own identity: the first piece that
// of its message.
static void write_pieces(const KeptEdit *edit, Str before, bool promised, Buf *after) {
  Str rest = edit->pieces, piece;
  Buf identity;
  buf_init(&identity);
  for (int i = 1; pack_take_str(&rest, &piece); i++) {
    buf_reset(&identity);
    buf_add(&identity, edit->identity);
    if (i > 1) buf_printf(&identity, "#%d", i);
    if (was_given(edit, before, buf_str(&identity), piece)) continue;
    kept_answer_write(&(KeptAnswer){ .identity = buf_str(&identity),
                                     .since_s = edit->now_s,
                                     .not_before_s = edit->not_before_s,
                                     .promised = promised,
                                     .ready = true,
                                     .packed = piece },
                      after);
  }
  buf_clear(&identity);
}

// Returns what stands behind "IDENTITY#" in the answer's identity, where IDENTITY is that of the edit's message: the
// number of a piece (write_pieces), or the name of a rest. Its `ptr` is NULL if it does not begin so.
static Str suffix_of(const KeptEdit *edit, const KeptAnswer *answer) {
  size_t len = edit->identity.len;
  bool has = str_starts(answer->identity, edit->identity) && answer->identity.len > len &&
             answer->identity.ptr[len] == '#';
  return has ? str_sub(answer->identity, len + 1, answer->identity.len) : (Str){ 0 };
}

// Returns whether `answer` is the answer of the edit's message, or a piece of it (write_pieces).
static bool is_piece(const KeptEdit *edit, const KeptAnswer *answer) {
  Str suffix = suffix_of(edit, answer);
  return is_own(edit, answer) || (suffix.len > 0 && suffix.ptr[0] >= '0' && suffix.ptr[0] <= '9');
}

void kept_edit_put(KeptEdit *edit, Str before, Buf *after) {
  KeptAnswer answer;
  Str rest = before;
  bool written = false;
  while (next(edit, &rest, &answer)) {
    bool own = !answer.given && is_piece(edit, &answer);
    if (!own) kept_answer_write(&answer, after);
    if (own && !written) write_pieces(edit, before, answer.promised || edit->promised, after);
    written = written || own;
  }
  if (!written) write_pieces(edit, before, edit->promised, after);
}

void kept_edit_given(KeptEdit *edit, Str before, Buf *after) {
  KeptAnswer answer;
  while (next(edit, &before, &answer)) {
    bool goes = (edit->own && is_own(edit, &answer)) || is_claimed_by(edit, &answer);
    if (answer.given || (goes && answer.ready)) write_given(edit, &answer, after);
    else if (!goes) kept_answer_write(&answer, after);
  }
}

void kept_edit_end(KeptEdit *edit, Str before, Buf *after) {
  KeptAnswer answer;
  while (next(edit, &before, &answer)) {
    if (answer.ready || answer.given || !is_own(edit, &answer)) kept_answer_write(&answer, after);
  }
}

// Returns whether `answer` belongs to the edit's message: as its answer, a piece of the answer, or the rest.
static bool is_part_of(const KeptEdit *edit, const KeptAnswer *answer) {
  if (edit->identity.len == 0) return false;
  return is_own(edit, answer) || suffix_of(edit, answer).ptr != NULL;
}

void kept_edit_end_others(KeptEdit *edit, Str before, Buf *after) {
  KeptAnswer answer;
  edit->ended = false;
  while (next(edit, &before, &answer)) {
    if (is_part_of(edit, &answer)) kept_answer_write(&answer, after);
    else edit->ended = true;
  }
}

// ---- claims -------------------------------------------------------------------------------------

static bool is_free(const KeptEdit *edit, const KeptAnswer *answer) {
  return answer->ready && (answer->claim.len == 0 || is_claimed_by(edit, answer) ||
                           edit->now_s - answer->claimed_s > CLAIM_S);
}

// Returns how the message gets `answer`.
static KeptAnswersFound found_in(const KeptEdit *edit, const KeptAnswer *answer) {
  if (is_own(edit, answer) && answer->ready) return KEPT_ANSWERS_GIVE;
  if (answer->promised && !edit->is_text) return KEPT_ANSWERS_NONE;
  if (answer->promised && is_free(edit, answer)) return KEPT_ANSWERS_GIVE;
  if (answer->promised && !answer->ready)
    return !is_own(edit, answer) && edit->now_s - answer->since_s < edit->patience_s
               ? KEPT_ANSWERS_PENDING
               : KEPT_ANSWERS_NONE;
  return is_free(edit, answer) && answer->not_before_s <= edit->now_s && !answer->promised
             ? KEPT_ANSWERS_BEFORE
             : KEPT_ANSWERS_NONE;
}

// Returns the best result for the message: an answer to give comes first, then a promised one.
static KeptAnswersFound best_of(const KeptEdit *edit, Str before) {
  KeptAnswer answer;
  KeptAnswersFound best = KEPT_ANSWERS_NONE;
  while (next(edit, &before, &answer)) {
    KeptAnswersFound found = found_in(edit, &answer);
    if (found == KEPT_ANSWERS_GIVE) return found;
    if (found == KEPT_ANSWERS_PENDING || best == KEPT_ANSWERS_NONE) best = found;
  }
  return best;
}

// Appends `answer` to the claimed answers if it fits, and claims it. *closed: no other answer fits.
static void take(KeptEdit *edit, KeptAnswer *answer, bool *closed) {
  bool fits = edit->found == KEPT_ANSWERS_GIVE || edit->found == KEPT_ANSWERS_BEFORE;
  if (!fits || *closed || found_in(edit, answer) != edit->found) return;
  *closed = !packed_reply_add(edit->claimed, answer->packed);
  if (*closed) return;
  *closed = edit->found == KEPT_ANSWERS_GIVE;
  answer->claim = edit->identity;
  answer->claimed_s = edit->now_s;
}

void kept_edit_claim(KeptEdit *edit, Str before, Buf *after) {
  KeptAnswer answer;
  bool closed = false;
  edit->found = best_of(edit, before);
  buf_reset(edit->claimed);
  while (next(edit, &before, &answer)) {
    take(edit, &answer, &closed);
    kept_answer_write(&answer, after);
  }
}
