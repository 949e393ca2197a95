// Answers kept for a user's next message (script/kept_answers.h), on the callback path.
#ifndef WEMOON_BOT_KEPT_H
#define WEMOON_BOT_KEPT_H

#include "bot/answer.h"
#include "script/kept_answers.h"

// Takes `kept`, the kept answer that kept_answers_claim found for the message. Returns true if it is the message's
// answer: then it is in the job's arena, and no script runs (job->kept_as). Returns false if it precedes the script's
// reply (kept_join), or nothing is kept.
bool kept_take(Webhook *webhook, Job *job, KeptAnswersFound found, Str kept, Str *packed);
// Finishes the job with the kept answer `packed`; duplicates get the same answer.
void kept_finish(Webhook *webhook, Job *job, Str packed);
// Puts the job's kept answer at the beginning of `reply`, with which the message is about to be answered and which may
// be none; in `arena`. Returns false if the two cannot be one text: then `reply` is the kept answer, and the caller
// keeps the original reply. Has an effect once per job. Call it from any thread.
bool kept_join(Job *job, Arena *arena, Reply *reply);
// Does the same as kept_join for a script's answer: an answer that is not shown now is kept.
void kept_join_answer(Webhook *webhook, Job *job, Reply *reply);
// Notes that a request was answered; `own`: with the script's own answer.
void kept_given(Webhook *webhook, const Job *job, bool own);
// Notes that the user is about to get late_text, unless the script ends in time. Later calls for the same job have no
// effect.
void kept_promise(Webhook *webhook, Job *job);
// Keeps `reply` for the platform's next try. If there is no next try, the reply precedes the user's next reply.
void kept_hold(Webhook *webhook, Job *job, const Reply *reply);

#endif
