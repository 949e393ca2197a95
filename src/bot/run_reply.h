// The handling of a script's reply: what the requests and the duplicates get, and what becomes of a late one.
#ifndef WEMOON_BOT_RUN_REPLY_H
#define WEMOON_BOT_RUN_REPLY_H

#include "bot/webhook.h"

// Finishes the job with the script's answer, which the kept answer precedes; duplicates get the same from now on.
// Returns whether it is late.
bool run_reply_finish(Webhook *webhook, Job *job, TaskState state, const Answer *answer);
// Forgets the message, which another process may have in the store: nothing is known of it here, and its claim is free,
// so that either process can go on with it.
void run_reply_forget(Webhook *webhook, Job *job);
// Finishes the job without its script, which another process will run; duplicates get what its request got: `success`.
void run_reply_leave(Webhook *webhook, Job *job);
// Handles a late reply. Returns whether it is to be sent as customer service messages.
bool run_reply_late(Webhook *webhook, Job *job, const Answer *answer);

#endif
