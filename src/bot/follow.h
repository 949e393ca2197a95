// A message that another process of the store may have: it is claimed, and while another process has it under way, its
// answer is looked for in the store. If that process dies, the message is run here. No thread waits for the store for
// longer than a moment.
#ifndef WEMOON_BOT_FOLLOW_H
#define WEMOON_BOT_FOLLOW_H

#include "bot/run.h"

typedef struct Follow Follow;

// Claims the job's message and, with `takes_kept`, what is kept for its user. NULL: it is this process's, nothing is kept,
// and no store need be asked.
Follow *follow_claim(Webhook *webhook, Job *job, bool is_text, bool takes_kept);
// Waits until the store has said whose the message is, a moment at the most: that is sooner than to park its request.
// False: it has not. With PEERS_ANSWERED `packed`, in the job's arena, and `answered_s` are set; NULL without memory. So
// it is for a message that is answered with what was kept (job->kept_as).
bool follow_await(Follow *follow, PeersResult *result, Str *packed, int64_t *answered_s);
// Ends it: after follow_await said true, or to give it up, which waits for the store (0.9 s at the most).
void follow_end(Follow *follow);
// Instead: the run goes on by itself as the store says. The job is finished by its end.
void follow_begin(Follow *follow, Run *run);

#endif
