// A message that another process on the store may have. Claims the message and, while another process has it under way,
// looks for the answer in the store. If that process dies, the message is run here. No thread waits long for the store.
#ifndef WEMOON_BOT_FOLLOW_H
#define WEMOON_BOT_FOLLOW_H

#include "bot/run.h"

typedef struct Follow Follow;

// Claims the job's message and, with `takes_kept`, the answers kept for its user. Returns NULL if the message is this
// process's, nothing is kept, and the store need not be asked.
Follow *follow_claim(Webhook *webhook, Job *job, bool is_text, bool takes_kept);
// Waits briefly for the store's reply on which process has the message, which is faster than parking the request.
// Returns false if no reply came in time. With PEERS_ANSWERED, `packed` (in the job's arena; NULL without memory) and
// `answered_s` are set. The same holds for a message that is answered with a kept answer (job->kept_as).
bool follow_await(Follow *follow, PeersResult *result, Str *packed, int64_t *answered_s);
// Frees `follow`, either after follow_await returned true, or to give up, which waits for the store (at most 0.9 s).
void follow_end(Follow *follow);
// Call it instead of follow_end: the run continues on its own, as the store's reply demands. The end of the run
// finishes the job.
void follow_begin(Follow *follow, Run *run);

#endif
