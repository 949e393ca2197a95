// What is kept for a user's next message (script/kept_answers.h), on the callback path.
#ifndef WEMOON_BOT_KEPT_H
#define WEMOON_BOT_KEPT_H

#include "bot/answer.h"
#include "script/kept_answers.h"

// The message was found to get that of what is kept (kept_answers_claim). True: it is the message's answer, in the job's
// arena, and no script runs (job->kept_as). False: it stands before the reply (kept_join), or nothing is kept.
bool kept_take(Webhook *webhook, Job *job, KeptAnswersFound found, Str kept, Str *packed);
// The job is answered with that: duplicates get it too.
void kept_finish(Webhook *webhook, Job *job, Str packed);
// The message is about to be answered with `reply`, which may be none: what stands before it becomes its beginning, in
// `arena`. False: they are not one text; `reply` is what was kept now, and the caller keeps the other. Once a job. Any
// thread.
bool kept_join(Job *job, Arena *arena, Reply *reply);
// The same for the answer of a script: one that is not shown now is kept.
void kept_join_answer(Webhook *webhook, Job *job, Reply *reply);
// A request was answered, with the script's own answer where `own` says so.
void kept_given(Webhook *webhook, const Job *job, bool own);
// The user is about to read late_text, unless the script ends in time. More than once is once.
void kept_promise(Webhook *webhook, Job *job);
// The reply is the platform's next try's, if there is one. If there is none it stands before the user's next reply.
void kept_hold(Webhook *webhook, Job *job, const Reply *reply);

#endif
