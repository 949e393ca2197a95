// The other processes that answer the same account's messages, met in a store that all of them share: a
// message is claimed by the first one that gets it, and its answer is there for those that the platform asks
// next.
#ifndef WEMOON_BOT_PEERS_H
#define WEMOON_BOT_PEERS_H

#include "base/buf.h"
#include "bot/dedupe.h"
#include "bot/job.h"
#include "store/store.h"

// How long after its process's death a claim lapses, so that the platform's next try finds it free.
enum { PEERS_CLAIM_MS = 3000 };

typedef struct Peers Peers;

typedef enum {
  PEERS_MINE,      // no other process has it, or the store is away
  PEERS_RUNNING,   // another process has it under way
  PEERS_ANSWERED,  // another process has answered it: `answer` (packed) and *answered_s
} PeersResult;

// `account` tells it from others on the store; answers are kept for `window_s`. Store and name outlive it.
// NULL without memory.
Peers *peers_new(Store *store, Str account, int64_t window_s);
void peers_free(Peers *peers);  // nothing is claimed any more; NULL is allowed

// Until another process opens the store (store_company), messages cost no call of the store from
// now on, except those that an earlier process has answered. `dedupe`, which outlives this, knows
// the messages; once another process has come, the store is told of those under way and those
// answered. Without this call the store is told of everything at once.
void peers_keep_to_oneself(Peers *peers, Dedupe *dedupe);
// Notices that another process has come. With peers_renew.
void peers_look(Peers *peers);
// The process is about to end: tells its successor what was answered.
void peers_leave(Peers *peers);

// What has become of a message: `packed` and `answered_s` with PEERS_ANSWERED, valid during the call. Called once, on
// the store's thread; must not block.
typedef void (*PeersTold)(void *ctx, PeersResult result, Str packed, int64_t answered_s);
// Claims the message for the job, which dedupe has entered. A claim is held until peers_finish or peers_forget, of which
// the latter must not come before `told`. Waits for nothing: `told` is called within 0.9 s, also where the store does not
// answer. False, and it is not called: the message is this process's (PEERS_MINE). An identity too long for a key is
// nobody else's.
bool peers_claim(Peers *peers, Job *job, PeersTold told, void *ctx);
// Looks what has become of what another process had under way: PEERS_MINE if that process has died: claim it again.
// False, and `told` is not called, if the store cannot be asked now.
bool peers_ask(Peers *peers, Job *job, PeersTold told, void *ctx);
// Counts another try of the platform (the claim is the first): job->tries has the number soon. Does
// not wait.
void peers_count_try(Peers *peers, Job *job);
// The job was answered. If the store is away it is told later. Any thread; does not wait. Does
// nothing without a claim, or where another process has the message. After dedupe_finish.
void peers_finish(Peers *peers, Job *job, Str packed);
// Whether the job's message may have become another process's: this one stood still for longer than a claim lasts, or
// the store was away for as long. In other cases it costs a look at the clock. Any thread, before peers_finish.
bool peers_is_in_doubt(Peers *peers, Job *job);
// Whether that is known to be so.
bool peers_has_lost(Peers *peers, Job *job);
// Asks the store: `told` is called once, here or on the store's thread, with whether it is still this process's; true
// where the store does not answer. False, and it is not called, if the store cannot be asked now.
bool peers_confirm(Peers *peers, Job *job, void (*told)(void *ctx, bool mine), void *ctx);
// The message of that identity is answered `success`, as far as other processes are concerned. Waits for nothing.
void peers_mark(Peers *peers, Str identity);
// The job was not run: any process may have it. Any thread; waits for nothing. After dedupe_forget.
void peers_forget(Peers *peers, Job *job);
// Prolongs the claims of jobs that take long. Call it every quarter of a second or more often; does
// not wait.
void peers_renew(Peers *peers, int64_t now_us);

#endif
