// Runs of the script that outlive their process: conversations, and scripts whose message was answered before they
// ended. Each run is one value in the store, with the record (engine/record.h) from which any process can continue the
// run. The interpreters of a bot share one table.
#ifndef WEMOON_SCRIPT_KEEP_H
#define WEMOON_SCRIPT_KEEP_H

#include "script/kept_run.h"
#include "store/store.h"

typedef struct Keep Keep;

typedef struct {
  Store *store;        // outlives the Keep
  Str account;         // distinguishes it from other accounts in the store; outlives the Keep
  bool conversations;  // conversations are kept too
  // Called when this process continues the run of a message whose process has ended: the answer comes late, so the
  // platform's next try must count as a duplicate. NULL: not called.
  void (*taken)(void *ctx, Str identity);
  // Called with a message of a process that has ended, which answered it before its script began (keep_owe_message):
  // now it is this process's to run. Returns false if it cannot be run now. NULL: not called.
  bool (*waits)(void *ctx, const KeptRun *message);
  void *ctx;  // of both
} KeepOptions;

typedef enum {
  KEEP_NOTHING,   // no run of this user is known
  KEEP_ASKING,    // the run waits for this message
  KEEP_ANSWERED,  // the run has already had this message
  KEEP_ENDED,     // the process that ran it has ended
  KEEP_BUSY,      // a process runs it, or the store is away: try again a little later
  KEEP_UNKNOWN  // the store has been away for seconds only, and had runs: try again a little later
} KeepFound;

// NULL without memory.
Keep *keep_new(const KeepOptions *options);
// Waits for the writes under way; says what the store did not take. Not on the store's thread. NULL is allowed.
void keep_free(Keep *keep);
bool keep_is_shared(const Keep *keep);  // other processes may have the store open
bool keep_outlives_process(const Keep *keep);
bool keep_has_conversations(const Keep *keep);
// Returns the name that marks a run as this process's own.
Str keep_process(const Keep *keep);
// Appends the store's key that exists as long as that process lives.
void keep_lease_key(const Keep *keep, Str process, Buf *key);
// Counts how often this process lost its lease: it stood still, or could not renew the lease, for longer than the lease
// lasts, so that other processes may have taken over its runs. -1: it does not have the lease now.
int64_t keep_lapses(const Keep *keep);

// Writes the run. Writes again until the store accepts it, except for a run that asks and has a `done`. `done` as in
// store_call; NULL: none. Returns false without memory. Call it from any thread. `before`: the value that was written
// last, or empty if the store is to have none; reply->ok then says whether that was so. NULL: overwrites any value.
// `value` gets the written value. A run that asks is held by this process, which handles its time-out, until
// keep_let_go.
bool keep_save(Keep *keep, const KeptRun *run, const Buf *before, Buf *value, StoreDone done,
               void *ctx);
// Writes the run on this thread if that takes microseconds, and no other process has the store open. False if it was
// not written: use keep_save.
bool keep_save_now(Keep *keep, const KeptRun *run);
// Returns whether a conversation of that user is known.
bool keep_has(Keep *keep, Str openid);
// Returns whether that user surely has no conversation, without asking the store. keep_claim then finds nothing.
bool keep_lacks(Keep *keep, Str openid);
// Reads the run's value in the store, after keep_save found another one there. `done` as in store_call. Returns false
// without memory. Call it from any thread.
bool keep_fetch(Keep *keep, const KeptRun *run, StoreDone done, void *ctx);
// Returns whether the reply of keep_fetch is still this process's run: an earlier write may have been lost.
bool keep_is_mine(const Keep *keep, const StoreReply *reply, const KeptRun *run);
// Notes that the run has left this process's memory. Call it from any thread.
void keep_let_go(Keep *keep, Str openid, int64_t until_ms);
// Claims, as keep_claim does, a conversation that this process holds in memory. KEEP_ASKING: it still waits for the
// answer to its question number `asks`, which answered the document with hash `answered`, and is claimed. KEEP_NOTHING:
// it does not. KEEP_BUSY: the store is away. Waits for the store.
KeepFound keep_claim_held(Keep *keep, Str openid, int64_t asks, uint64_t answered, Str answering,
                          Buf *value);
// Gives up a run that another process may have taken over or ended: writes it, without a process, only if the store
// still has it as this process's own. Call it from any thread; does not wait.
void keep_leave(Keep *keep, const KeptRun *run);
// Notes that another process has the run: it stays in the store, and comes due here if that process has ended
// (keep_due). `identity` as in KeptRun.
void keep_lost(Keep *keep, Str openid, Str identity);
// Notes that a first write found another conversation of the user in the store, which stays, and what is still to be
// written of it.
void keep_yield(Keep *keep, Str openid);
// A message that is answered before its script begins.
typedef struct {
  Str openid, identity, document;
  int64_t arrived_us;  // as in KeptRun
  // Writes nothing if the store has an entry of the message, or its run, of whichever process. keep_message_owner says
  // whose the store has.
  bool adds;
} KeepMessage;
// Puts the message into the store, as an owed run with nothing recorded, without waiting for the store. False without
// memory. The run that begins for it takes the entry over, or it is deleted with keep_drop. `done` as in store_call,
// when the store has taken the entry or keep_is_unsaved is true; NULL: none.
bool keep_owe_message(Keep *keep, const KeepMessage *message, StoreDone done, void *ctx);
// Returns whether the store did not take the last write of the run, so that this process alone knows of it.
// `identity` as in KeptRun.
bool keep_is_unsaved(const Keep *keep, Str openid, Str identity);
// Returns whether keep_owes_message waits for the store.
bool keep_asks_for_message(const Keep *keep, int64_t lapses);
// Returns whether the store's entry for such a message is still this process's. Waits for the store if `lapses`
// (keep_lapses when it was written) says that another process may have taken it. If the store is away, or was just now,
// it is not asked again, and the entry counts as this process's. Another process's comes due here if that process has
// ended (keep_due).
bool keep_owes_message(Keep *keep, Str openid, Str identity, int64_t lapses);
typedef enum {
  KEEP_OWNER_SELF,
  KEEP_OWNER_OTHER,  // another process, or the store has nothing of the message any more
  KEEP_OWNER_UNKNOWN
} KeepOwner;
// Returns whose entry or run of the message the store has, after it was to be added (KeepMessage.adds). It is this
// process's only if the store says so: not because the store is away, or has yet to write the entry. Another process's
// is not written over any more, and comes due here if that process has ended (keep_due). Waits for the store, unless
// that was away just now.
KeepOwner keep_message_owner(Keep *keep, Str openid, Str identity);
// Deletes such an entry if it is this process's. Another process's stays, and comes due here if that process has ended
// (keep_due). Waits for the store; if that is away, deletes the entry later, on the same terms.
void keep_end_message(Keep *keep, Str openid, Str identity);
// Passes a claimed run to KeepOptions.waits, for whose message no script has begun (KeptRun.unbegun). Returns false
// if it was put back.
bool keep_pass_message(Keep *keep, KeptRun *run);
// Deletes a run that has ended from the store. `identity` as in KeptRun.
void keep_drop(Keep *keep, Str openid, Str identity);
// The same for a run of which it is not known whether its first write arrived: a value that is another run's stays.
// Call it from any thread; does not wait.
void keep_release(Keep *keep, const KeptRun *run);

// Returns whether the store may have runs whose message was answered before their end.
bool keep_may_owe(const Keep *keep);

// Returns the key of a run in the store, in `text`; empty if it is too long. `identity` as in KeptRun.
Str keep_key_of(const Keep *keep, Str openid, Str identity, char text[STORE_KEY_MAX]);
// The keys of the runs that keep_forget spares; empty: none.
typedef struct {
  Str owed, conversation;
} KeepSpared;
// Deletes from the store all runs of a user that this process knows, except those that are spared. Returns whether it
// knew any.
bool keep_forget(Keep *keep, Str openid, const KeepSpared *spared);

// Looks for the user's conversation and claims it for this process; waits for the store. The claimed run is KEPT_RUNS
// in the store, for the document `answering`. `run` gets slices of `value`. An event does not claim a conversation that
// takes no events.
KeepFound keep_claim(Keep *keep, Str openid, bool is_event, Str answering, Buf *value,
                     KeptRun *run);
// Does the same for the run of a message that the platform may have tried before. KEEP_ANSWERED: another process runs
// it.
KeepFound keep_claim_owed(Keep *keep, Str openid, Str identity, Buf *value, KeptRun *run);
// Reports, through KeepOptions.taken, that a claimed run continues without the message that it answers.
void keep_tell_taken(Keep *keep, Str identity);
// Does the same as keep_claim for a run by its key, which keep_due returned.
KeepFound keep_claim_due(Keep *keep, Str key, Buf *value, KeptRun *run);

// Renews this process's lease, and learns of runs of other processes. Call it from time to time, on a thread that may
// wait for the store.
void keep_look(Keep *keep);
// Restores a claimed run that could not start. `state` is the state that was found.
void keep_put_back(Keep *keep, KeptRun *run, KeptState state);

// A user who has left the account, and whose conversation is to be ended.
typedef struct {
  Buf openid;       // initially empty; the caller clears it
  int64_t left_s;   // Unix
  int64_t until_s;  // Unix: until then this process tries
} KeepLeaver;
// Notes that the user has just left. Until keep_leaver_done the store says so too, for the next process, if the store
// may have a conversation of the user. Does not wait. The conversation is to be ended (interpreter_end_conversation) on
// the thread of keep_look, which may wait for the store.
void keep_note_leaver(Keep *keep, Str openid);
// Returns the number of leavers now, and takes the first of them; false if there is none.
size_t keep_leavers(Keep *keep);
bool keep_next_leaver(Keep *keep, KeepLeaver *leaver);
// Ends what keep_next_leaver began. `ended`: the conversation has ended, or there is none; otherwise the leaver comes
// again, for a minute from the time when this process learned of it.
void keep_leaver_done(Keep *keep, const KeepLeaver *leaver, bool ended);
// Takes over the leaver of a process that has ended, if that is what keep_claim_due claimed. Returns false for a run of
// the script.
bool keep_take_leaver(Keep *keep, const KeptRun *run);

// Calls `each` with the key of a conversation that has timed out, or whose process has ended; or with the keys of all
// owed runs of a user whose processes have ended, in the order in which the platform sent their messages: CreateTime,
// then MsgId, then arrival; `each` returns false if the run was not gone on with: then the user's later ones do not
// come now. Returns false if it found none now. Renews the lease too. For the thread of keep_look.
bool keep_due(Keep *keep, bool (*each)(void *ctx, Str key), void *ctx);
// Returns whether nothing known is due now, or the store is away. Otherwise keep_due may have looked at a part only.
bool keep_due_rests(const Keep *keep);

// Calls `each` with up to `max` of the known runs: conversations or, if `owed`, scripts whose message was answered
// before their end. Reads the store and waits for it. `run` is valid during the call.
void keep_list(Keep *keep, bool owed, size_t max, void (*each)(void *ctx, const KeptRun *run),
               void *ctx);
size_t keep_conversations(const Keep *keep);  // in the store, as far as known
size_t keep_owed(const Keep *keep);           // scripts whose message was answered before their end

#endif
