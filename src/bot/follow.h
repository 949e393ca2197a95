// A message that another process has under way: its answer is looked for in the store they share, on the loop; if
// that process dies, the message is run here.
#ifndef WEMOON_BOT_FOLLOW_H
#define WEMOON_BOT_FOLLOW_H

#include "bot/run.h"

// Once peers_claim said PEERS_RUNNING. The job is finished by its end.
void follow_begin(Run *run);

#endif
