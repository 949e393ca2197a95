// Answers that were ready when nobody could be given them, and those that a user was promised (late_text): of each
// user one value in the store, for 48 hours. They go out with the user's next message. One table for all interpreters
// of a bot.
#ifndef WEMOON_SCRIPT_KEPT_ANSWERS_H
#define WEMOON_SCRIPT_KEPT_ANSWERS_H

#include "base/buf.h"
#include "store/store.h"

enum { KEPT_ANSWERS_S = 48 * 3600 };

typedef struct {
  Str identity;     // what the message that it answers is known by
  Str claim;        // the message that it is about to go out with; empty: none
  int64_t since_s;  // Unix, like the next two
  int64_t
      not_before_s;  // until then it is its own message's alone: the platform may try that again
  int64_t claimed_s;
  bool promised;  // its user has read late_text, and is to write a text for it
  bool ready;     // it is there; else its script goes on
  Str packed;     // the reply (script/packed_reply.h)
} KeptAnswer;

void kept_answer_write(const KeptAnswer *answer, Buf *out);
// The next one of a value from the store; begin with `rest` as that value. False at the end, and for other bytes.
bool kept_answer_next(Str *rest, KeptAnswer *answer);

typedef struct KeptAnswers KeptAnswers;

// Store and account's name outlive it. A promised answer whose script has not ended after `patience_s` is waited for no
// more. NULL without memory.
KeptAnswers *kept_answers_new(Store *store, Str account, int64_t patience_s);
void kept_answers_free(KeptAnswers *kept);  // waits for what is being written; NULL is allowed

// The functions below are for any thread, and write without waiting. A store that is away is tried for ten minutes.

// The user reads late_text for that message.
void kept_answers_promise(KeptAnswers *kept, Str openid, Str identity);
typedef struct {
  Str identity;
  const Str *packed;  // of a long answer the pieces, in order
  size_t count;
  bool
      promised;  // even if late_text was not shown: a question must be read before its answer is written
  int64_t not_before_s;  // 0: at once
} KeptAnswersPut;
// Keeps an answer, in the place of its promise if there is one. `done` is told of the end on the store's thread; NULL:
// nobody is. False without memory: it is not called.
bool kept_answers_put(KeptAnswers *kept, Str openid, const KeptAnswersPut *put,
                      void (*done)(void *ctx, bool kept), void *ctx);
// The message was answered: what was claimed for it is out, and so is, with `own`, its own answer.
void kept_answers_given(KeptAnswers *kept, Str openid, Str identity, bool own);
// Its script ended without an answer, or the answer went out otherwise.
void kept_answers_end(KeptAnswers *kept, Str openid, Str identity);
typedef enum {
  KEPT_ANSWERS_NONE,
  KEPT_ANSWERS_GIVE,     // the message is answered with that one, and goes to nobody else
  KEPT_ANSWERS_PENDING,  // it is promised, and not ready yet
  KEPT_ANSWERS_BEFORE    // it stands before the message's reply
} KeptAnswersFound;
// What becomes of a message: what it gets is claimed for it until kept_answers_given, or for 20 s. `packed` gets it: of
// several texts as many as are one text of at most REPLY_TEXT_MAX bytes, with an empty line between. `done` is told on the
// store's thread, with slices that end with it; nothing is found where the store is away. False without memory: it is
// not called.
bool kept_answers_claim(KeptAnswers *kept, Str openid, Str identity, bool is_text,
                        void (*done)(void *ctx, KeptAnswersFound found, Str packed), void *ctx);
// Whether the store has to be asked.
bool kept_answers_may_be(KeptAnswers *kept, Str openid);

// From time to time, from a thread that may wait for the store: learns what is there.
void kept_answers_refresh(KeptAnswers *kept);
// Gives `each` the answers of up to `max` users. Reads the store, and waits for it; `answer` is valid during the call.
void kept_answers_list(KeptAnswers *kept, size_t max,
                       void (*each)(void *ctx, Str openid, const KeptAnswer *answer), void *ctx);
size_t kept_answers_count(const KeptAnswers *kept);  // as far as it is known

#endif
