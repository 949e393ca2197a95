// Coordinates the processes that answer the same account's messages through a shared store: the first process that gets
// a message claims it, and writes the answer for the processes that get the platform's next tries.
#ifndef WEMOON_BOT_PEERS_H
#define WEMOON_BOT_PEERS_H

#include "base/buf.h"
#include "bot/dedupe.h"
#include "bot/job.h"
#include "store/store.h"

// The time after which the claim of a process that has died lapses, so that the platform's next try can claim the
// message.
enum { PEERS_CLAIM_MS = 3000 };

typedef struct Peers Peers;

typedef enum {
  PEERS_MINE,      // no other process has the message, or the store is away
  PEERS_RUNNING,   // another process is answering the message
  PEERS_ANSWERED,  // another process has answered the message
} PeersResult;

// Creates the object. `account` distinguishes it from other accounts on the store; answers are kept for `window_s`.
// `store` and `account` outlive it. Returns NULL without memory.
Peers *peers_new(Store *store, Str account, int64_t window_s);
void peers_free(Peers *peers);  // no call may follow; waits for calls under way; NULL is allowed

// From now on, until another process opens the store (store_company), messages cost no call of the store, except
// messages that an earlier process has answered. `dedupe`, which outlives this object, knows the messages; once another
// process opens the store, the messages under way and answered are written to the store, the newest first. Of those
// answered, those that dedupe knows whole are: of up to 60,000 in a window all, at up to 10,000 a second all that the
// platform may try again (dedupe.h). Without this call every message is written to the store at once.
void peers_keep_to_oneself(Peers *peers, Dedupe *dedupe);
// Checks whether another process has opened the store. Call it together with peers_renew.
void peers_look(Peers *peers);
// Writes the answered messages that dedupe knows whole to the store for a successor, the newest first, when the process
// is about to end. Called again, it writes those answered since, and what could not be written. Waits until the store
// has all but some thousand of them, which it writes before it is closed, at most until `until_us` (monotonic), and two
// seconds with a store that writes nothing. The log says how many could not be written: of those thousand when the
// store is closed.
void peers_leave(Peers *peers, int64_t until_us);

// Gets the state of a message: `packed` and `answered_s` with PEERS_ANSWERED, valid during the call. Called once, on
// the store's thread; must not block.
typedef void (*PeersTold)(void *ctx, PeersResult result, Str packed, int64_t answered_s);
// Returns whether the message is this process's (PEERS_MINE) because no other process has, or had, the store open:
// peers_claim need not be called. Does not ask the store.
bool peers_is_alone(Peers *peers, const Job *job);
// Claims the message for the job, which dedupe has entered. The claim is held until peers_finish or peers_forget;
// peers_forget must not be called before `told`. Does not wait: `told` is called within 0.9 s, even if the store does
// not answer. If the message may be another try of the platform, and the store is away or was until just now, it
// waits for the store, and for others to tell the store that they had the message: up to 3.5 s more. Returns false, and
// does not call `told`, if the message is this process's (PEERS_MINE), as it always is if its identity is too long for
// a key.
bool peers_claim(Peers *peers, Job *job, PeersTold told, void *ctx);
// Looks up a message that another process had under way. PEERS_MINE: that process has died, so claim the message again.
// Returns false, and does not call `told`, if the store cannot be asked now.
bool peers_ask(Peers *peers, Job *job, PeersTold told, void *ctx);
// Counts another try of the platform (the claim counts as the first): job->tries gets the number soon. Does not wait.
void peers_count_try(Peers *peers, Job *job);
// Writes the job's answer to the store, later if the store is away. Call it from any thread, after dedupe_finish; does
// not wait. Does nothing without a claim, or if another process has the message.
void peers_finish(Peers *peers, Job *job, Str packed);
// Returns whether another process may have taken over the job's message, because this process was stopped, or the store
// was away, for longer than a claim lasts. Otherwise it only reads the clock. Call it from any thread, before
// peers_finish.
bool peers_is_in_doubt(Peers *peers, Job *job);
// Returns whether another process is known to have the message.
bool peers_has_lost(Peers *peers, Job *job);
// Returns whether the message is this process's as far as the store says. Asks the store, and waits for it, if
// peers_is_in_doubt; true if the store does not answer. Not on the store's thread.
bool peers_await_claim(Peers *peers, Job *job);
// Asks the store who has the message of a lost claim, and waits for it. PEERS_MINE: nobody has it any more, and it is
// claimed again. PEERS_RUNNING: another process has it under way, or the store does not answer, or was asked about this
// claim less than a second ago. Not on the store's thread.
PeersResult peers_regain(Peers *peers, Job *job);
// Asks the store whether the message is still this process's. `told` is called once, on this thread or on the store's
// thread, with the result; with true if the store does not answer. Returns false, and does not call `told`, if the
// store cannot be asked now.
bool peers_confirm(Peers *peers, Job *job, void (*told)(void *ctx, bool mine), void *ctx);
// Marks the message `identity` as answered with `success` for other processes. Does not wait.
void peers_mark(Peers *peers, Str identity);
// Releases the claim of a job that was not run: any process may claim the message. Call it from any thread, after
// dedupe_forget; does not wait.
void peers_forget(Peers *peers, Job *job);
// Renews the claims of jobs that take long. Call it at least every quarter of a second; does not wait.
void peers_renew(Peers *peers, int64_t now_us);

#endif
