// Requests that wait for the answer to their message: on the loop, without a thread, until the script has it, or
// the deadline comes, or the client is gone.
#ifndef WEMOON_BOT_WAITING_H
#define WEMOON_BOT_WAITING_H

#include "bot/answer.h"

// The request of `c`, which the job expects, waits for it. False if it cannot: the job still expects it, and
// the caller answers it. Once true, `c` is a copy that the caller forgets.
bool waiting_begin(Callback *c, Job *job);

#endif
