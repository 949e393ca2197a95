// Requests that wait for the answer to their message. They wait on the loop, without a thread, until the script has
// answered, the deadline comes, or the connection is closed.
#ifndef WEMOON_BOT_WAITING_H
#define WEMOON_BOT_WAITING_H

#include "bot/answer.h"

// How long an unanswered request is held open. The platform gives up after 5 s; if the connection closed earlier, a
// proxy would answer in its place.
enum { WAITING_HELD_MS = 6000 };

// Makes the request of `c`, which the job expects, wait for the job's answer. Returns false if it cannot wait: then the
// job still expects the request, and the caller answers it. After true the caller must not use `c`, which was copied.
bool waiting_begin(Callback *c, Job *job);

#endif
