// Runs of the script that outlive their process: conversations, and scripts whose message was answered before they
// ended. Each is one value in the store, with the record (engine/record.h) from which any process goes on with it.
// One table for all interpreters of a bot.
#ifndef WEMOON_SCRIPT_KEEP_H
#define WEMOON_SCRIPT_KEEP_H

#include "script/kept_run.h"
#include "store/store.h"

typedef struct Keep Keep;

typedef struct {
  Store *store;        // outlives it
  Str account;         // distinguishes it from other accounts in the store; outlives it
  bool conversations;  // these are kept too
  // A message's run is gone on with here, in the place of a process that has ended: its answer comes late, and the
  // platform's next try is answered by that. NULL: nobody is told.
  void (*taken)(void *ctx, Str identity);
  void *taken_ctx;
} KeepOptions;

typedef enum {
  KEEP_NOTHING,   // the user has none, as far as is known
  KEEP_ASKING,    // it waits for this message
  KEEP_ANSWERED,  // it has had this very message
  KEEP_ENDED,     // the process that ran it has ended
  KEEP_BUSY       // a process runs it, or the store is away: ask again a little later
} KeepFound;

// NULL without memory.
Keep *keep_new(const KeepOptions *options);
void keep_free(Keep *keep);             // NULL is allowed
bool keep_is_shared(const Keep *keep);  // other processes may have the store open
bool keep_outlives_process(const Keep *keep);
bool keep_has_conversations(const Keep *keep);
// What this process is called in a run that is its own.
Str keep_process(const Keep *keep);

// Writes the run, again and again if the store does not take it, but for one that asks with a `done`; `done` as in store_call, NULL: nobody waits. False without memory. Any thread. `before`, the value
// that was written last, NULL: whatever is there; otherwise reply->ok says whether it was still there. `value` gets
// what was written. A run that asks is held by this process, which answers for its time-out, until keep_let_go.
bool keep_save(Keep *keep, const KeptRun *run, const Buf *before, Buf *value, StoreDone done,
               void *ctx);
// Whether a conversation of that user is known.
bool keep_has(Keep *keep, Str openid);
// Reads the run's value in the store, after a keep_save that found another one: `done` as in
// store_call. Any thread.
bool keep_fetch(Keep *keep, const KeptRun *run, StoreDone done, void *ctx);
// Whether a value that keep_fetch brought is still this process's run: a write before may have been lost.
bool keep_is_mine(const Keep *keep, const StoreReply *reply, const KeptRun *run);
// The run has left this process's memory. Any thread.
void keep_let_go(Keep *keep, Str openid, int64_t until_ms);
// KEEP_ASKING: the user's conversation still waits for the answer to the question of that number, which this process
// holds; it is claimed as keep_claim does. KEEP_NOTHING: it does not. Waits for the store where others have it open.
KeepFound keep_claim_held(Keep *keep, Str openid, int64_t asks, Str answering, Buf *value);
// The run has ended. `identity` as in KeptRun.
void keep_drop(Keep *keep, Str openid, Str identity);

// Deletes all of a user's runs from the store, as far as this process knows them.
void keep_forget(Keep *keep, Str openid);

// Looks for the user's conversation; waits for the store. One that is found is claimed for this process: it is
// KEPT_RUNS now, for the document `answering`. `value` keeps what `run` has. One that does not take events is
// left alone for an event.
KeepFound keep_claim(Keep *keep, Str openid, bool is_event, Str answering, Buf *value,
                     KeptRun *run);
// The same for the run of a message that the platform may have tried before. KEEP_ANSWERED: another process runs it.
KeepFound keep_claim_owed(Keep *keep, Str openid, Str identity, Buf *value, KeptRun *run);
// A run was claimed that is gone on with without its message.
void keep_tell_taken(Keep *keep, const KeptRun *run);
// The same for a run by its key in the store, of keep_due.
KeepFound keep_claim_due(Keep *keep, Str key, Buf *value, KeptRun *run);

// Renews this process's lease, and finds out about runs of other processes. Call it from time to
// time, from a thread that may wait for the store.
void keep_look(Keep *keep);
// Restores a claimed run that could not be begun. `state` is the state that was found.
void keep_put_back(Keep *keep, KeptRun *run, KeptState state);

// The key of a run that has timed out, or whose process has ended, in `key`; false if there is none now.
bool keep_due(Keep *keep, Buf *key);

// Gives `each` up to `max` of the runs that are known here: conversations, or scripts whose message was answered
// without them. Reads the store, and waits for it; `run` is valid during the call.
void keep_list(Keep *keep, bool owed, size_t max, void (*each)(void *ctx, const KeptRun *run),
               void *ctx);
size_t keep_conversations(const Keep *keep);  // that are in the store, as far as it is known
size_t keep_owed(const Keep *keep);           // scripts of messages that were answered without them

#endif
