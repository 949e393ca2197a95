// Answers that were ready when they could not be delivered, and answers promised to a user (late_text): one value per
// user in the store, for 48 hours. They are delivered with the user's next message. The interpreters of a bot share one
// table.
#ifndef WEMOON_SCRIPT_KEPT_ANSWERS_H
#define WEMOON_SCRIPT_KEPT_ANSWERS_H

#include "script/kept_answer.h"
#include "store/store.h"

typedef struct KeptAnswers KeptAnswers;

// Creates the table. `store` and `account` outlive it. A promised answer is given up if its script has not ended after
// `patience_s`. Returns NULL without memory.
KeptAnswers *kept_answers_new(Store *store, Str account, int64_t patience_s);
void kept_answers_free(KeptAnswers *kept);  // waits for writes under way; NULL is allowed

// The functions below may be called from any thread, and write without waiting. If the store is away, they try for ten
// minutes.

// Notes that the user gets late_text for that message.
void kept_answers_promise(KeptAnswers *kept, Str openid, Str identity);
typedef struct {
  Str identity;
  const Str *packed;  // the pieces of a long answer, in order
  size_t count;
  bool promised;  // even if late_text was not shown: the user must read a question before answering
                  // it
  int64_t not_before_s;  // 0: at once
} KeptAnswersPut;
// Keeps an answer, in place of its promise if there is one. Calls `done` at the end, on the store's thread; NULL: not
// called. Returns false without memory: then `done` is not called.
bool kept_answers_put(KeptAnswers *kept, Str openid, const KeptAnswersPut *put,
                      void (*done)(void *ctx, bool kept), void *ctx);
// Notes that the message was answered: removes the answers claimed for it and, with `own`, its own answer.
void kept_answers_given(KeptAnswers *kept, Str openid, Str identity, bool own);
// Notes that the message's script ended without an answer, or that the answer was delivered otherwise.
void kept_answers_end(KeptAnswers *kept, Str openid, Str identity);
// Deletes the kept answers and promises of all messages of the user except message `identity`.
void kept_answers_end_others(KeptAnswers *kept, Str openid, Str identity);
// Does the same, and calls `done` at the end, on the store's thread. `worked`: false if the store is away, which is not
// tried again; `any`: whether there were any. Returns false without memory: then `done` is not called.
bool kept_answers_end_others_once(KeptAnswers *kept, Str openid, Str identity,
                                  void (*done)(void *ctx, bool worked, bool any), void *ctx);
// Finds and claims the kept answers for a message; the claim lasts until kept_answers_given, or for 20 s. Calls `done`
// on the store's thread; `packed` is valid during the call and has as many texts as fit into one text of REPLY_TEXT_MAX
// bytes, with an empty line between. Finds nothing if the store is away. Returns false without memory: then `done` is
// not called.
bool kept_answers_claim(KeptAnswers *kept, Str openid, Str identity, bool is_text,
                        void (*done)(void *ctx, KeptAnswersFound found, Str packed), void *ctx);
// Returns whether the store must be asked for answers of this user.
bool kept_answers_may_be(KeptAnswers *kept, Str openid);

// Learns which answers the store has. Call it from time to time, on a thread that may wait for the store.
void kept_answers_refresh(KeptAnswers *kept);
// Calls `each` with the answers of up to `max` users. Reads the store and waits for it. `answer` is valid during the
// call.
void kept_answers_list(KeptAnswers *kept, size_t max,
                       void (*each)(void *ctx, Str openid, const KeptAnswer *answer), void *ctx);
size_t kept_answers_count(const KeptAnswers *kept);  // as far as known

#endif
