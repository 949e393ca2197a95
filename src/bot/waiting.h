// Requests that wait for the answer to their message. They wait on the loop, without a thread, until the script has
// answered, the deadline comes, or the connection is closed.
#ifndef WEMOON_BOT_WAITING_H
#define WEMOON_BOT_WAITING_H

#include "bot/answer.h"

// Makes the request of `c`, which the job expects, wait for the job's answer. Returns false if it cannot wait: then the
// job still expects the request, and the caller answers it. After true the caller must not use `c`, which was copied.
bool waiting_begin(Callback *c, Job *job);

#endif
