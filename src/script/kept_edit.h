// The changes of a user's kept answers: each makes a new value from the value in the store. They only compute, so that
// a change can be made again on a value that another process has written meanwhile.
#ifndef WEMOON_SCRIPT_KEPT_EDIT_H
#define WEMOON_SCRIPT_KEPT_EDIT_H

#include "script/kept_answer.h"

typedef struct {
  Str identity;          // of the message that the change is for
  int64_t now_s;         // Unix
  Str pieces;            // kept_edit_put: the pieces of the answer, each by pack_str
  bool promised;         // kept_edit_put
  int64_t not_before_s;  // kept_edit_put
  bool own;              // kept_edit_given
  bool is_text;          // kept_edit_claim: the message is a text
  int64_t patience_s;    // kept_edit_claim: a promised answer is given up after that time
  // Set by kept_edit_claim. `claimed` belongs to the caller, and is empty at first.
  KeptAnswersFound found;
  Buf *claimed;
  bool ended;  // set by kept_edit_end_others: there were any
} KeptEdit;

// Each appends to `after`, which holds a value without answers. Answers that have expired are left out. `before` may be
// any bytes.

// Adds a promise for the message, unless it has one or its answer is there.
void kept_edit_promise(KeptEdit *edit, Str before, Buf *after);
// Adds the message's answer, in place of its promise if there is one. What of it was given lately is left out.
void kept_edit_put(KeptEdit *edit, Str before, Buf *after);
// Removes the answers claimed for the message and, with `own`, its own answer: only their names stay for a while.
void kept_edit_given(KeptEdit *edit, Str before, Buf *after);
// Removes the message's promise.
void kept_edit_end(KeptEdit *edit, Str before, Buf *after);
// Removes the answers of all other messages.
void kept_edit_end_others(KeptEdit *edit, Str before, Buf *after);
// Finds the answers for the message and claims them.
void kept_edit_claim(KeptEdit *edit, Str before, Buf *after);

#endif
