// The format of a user's kept answers: one value in the store.
#ifndef WEMOON_SCRIPT_KEPT_ANSWER_H
#define WEMOON_SCRIPT_KEPT_ANSWER_H

#include "base/buf.h"

enum {
  KEPT_ANSWERS_S = 48 * 3600,  // how long an answer is kept
  // How long its name is kept once it was given: by then another process has gone on with a run that was killed.
  KEPT_ANSWERS_GIVEN_S = 600
};

typedef struct {
  Str identity;     // of the message that it answers
  Str claim;        // the message with which it is about to be delivered; empty: none
  int64_t since_s;  // Unix, like the next two
  // Until then it is reserved for its own message, which the platform may try again.
  int64_t not_before_s;
  int64_t claimed_s;
  bool promised;  // its user got late_text, and is to write a text to get it
  bool ready;     // the answer exists; else its script still runs
  bool given;     // its user has it: only the answer's name is left, and a hash of it in `packed`
  Str packed;     // the reply (script/packed_reply.h)
} KeptAnswer;

// How a message gets kept answers.
typedef enum {
  KEPT_ANSWERS_NONE,
  KEPT_ANSWERS_GIVE,     // the message is answered with the kept answer, and no script gets the
                         // message
  KEPT_ANSWERS_PENDING,  // the answer is promised, but not ready yet
  KEPT_ANSWERS_BEFORE    // the kept answer precedes the message's reply
} KeptAnswersFound;

// Begins a value without answers in the empty `out`.
void kept_answer_begin(Buf *out);
void kept_answer_write(const KeptAnswer *answer, Buf *out);
// Reads the next answer of a value from the store; begin with `rest` set to the value. Returns false at the end, and
// for bytes of another format.
bool kept_answer_next(Str *rest, KeptAnswer *answer);
// Returns the number of answers in a value, without those that were given.
size_t kept_answer_count(Str value);

#endif
