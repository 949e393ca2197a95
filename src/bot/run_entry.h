// The entry in the store of a message that waits for its turn. Its request is answered without it, so the message is
// owed: if this process ends, the next one finds the entry and runs the message. The run that begins for the message
// takes the entry over (script/message.h, MessageTask.unbegun), or the entry is dropped.
//
// Several processes may know the message: by its tries, by a claim (peers.h), by an answer in dedupe. While the store
// has its entry, the process whose name the entry has runs the message. Another process that gets a try, when the claim
// has lapsed, answers `success`, forgets the message, and frees the claim, which the first one then regains. But a try
// that waits there behind its user's earlier messages is owed there: it keeps the claim, and writes the entry anew, as
// that process's; the first one waits for the claim, and leaves the entry alone. A message that is taken over from a
// process that has died gets an entry too, if the store has none: that one may have put its run there. The entry of the
// dead process itself becomes this process's in one step, before its run begins, and stays until the run takes it over:
// at no moment does the store have nothing of the message. So dedupe knows only what this process has answered itself,
// and this process runs the message if the entry becomes its own. An entry is deleted by the process that has the claim,
// when the run has begun, has ended, or will never begin; or, if another process has answered the message, as the store
// says under the claim's key, by the process whose name it has. Otherwise it stays, or is put back.
#ifndef WEMOON_BOT_RUN_ENTRY_H
#define WEMOON_BOT_RUN_ENTRY_H

#include "bot/job.h"
#include "script/keep.h"

// One message's entry. The owner has the memory, and frees nothing. The thread that begins the run and the one that
// writes the entry change its state, so that the run's own writes follow the entry's.
typedef struct {
  // Private to run_entry.c.
  Keep *keep;
  Job *job;
  Str document;
  atomic_int state;
  bool is_elsewhere;
  bool is_own;                    // the store has said that the added entry is this process's
  KeepOwner owner;                // of an added entry, as the store said last
  int64_t ask_us;                 // when the store may be asked about it again
  atomic_int_least64_t write_us;  // when a lost one may be added again
  // keep_lapses when the entry was written or claimed, or the store said that it is this process's
  int64_t lapses;
  atomic_int under_way;  // writes that the store has not replied to
} RunEntry;

// `keep` (NULL: nothing is written), `job` and `document`, the message, outlive the entry. Nothing is written before
// run_entry_wait, because it is not known yet whether the message is this process's.
void run_entry_init(RunEntry *entry, Keep *keep, Job *job, Str document);
// Notes that the message waits here for its turn. `is_elsewhere`: another process had it, and may have put its run into
// the store, which must not be overwritten; so the entry is added only if the store has none.
void run_entry_wait(RunEntry *entry, bool is_elsewhere);
// Does the same for a message of a process that has ended: the entry was claimed, when keep_lapses was job->lapses.
void run_entry_take(RunEntry *entry);
// Returns whether the message waits and has no entry. One that was to be added, and is lost, is missing a second later.
bool run_entry_is_missing(RunEntry *entry);
// Writes the entry if it is missing. Call it from any thread; does not wait for the store.
void run_entry_write(RunEntry *entry);
// Notes that the message has its turn: no entry is written any more. Returns whether the store has one, or is about to.
bool run_entry_begin(RunEntry *entry);
// Notes that the message could not begin, and waits on. `there`: what run_entry_begin returned.
void run_entry_wait_on(RunEntry *entry, bool there);
// Returns whether another process may have the message: the entry is in the store, or another process had the message.
bool run_entry_may_be_shared(const RunEntry *entry, bool there);
// Returns whether the entry was added only if the store had none, and is not known to be this process's: one that is
// lost may be another process's from the start.
bool run_entry_is_added(const RunEntry *entry);
bool run_entry_asks(const RunEntry *entry);  // whether run_entry_owner waits for the store
// Returns whose the entry is, once run_entry_begin has said that the store has one. KEEP_OWNER_OTHER: another process
// has it, or has taken it over because this one was stopped; if the other process ends too, this one gets the message
// from the store. Waits for the store if that may be (keep_owes_message). Of an added entry the store is asked once a
// second at most, until it says that the entry is this process's (keep_message_owner); before, it is unknown.
KeepOwner run_entry_owner(RunEntry *entry);
// Returns whether the store has taken it: another process would find it. False while the store has not replied.
bool run_entry_is_saved(const RunEntry *entry);
// Returns whether the store did not take it: this process alone knows of it, and writes it again.
bool run_entry_is_unsaved(const RunEntry *entry);
// Deletes it from the store, whosever it is: the message is this process's. Does not wait.
void run_entry_drop(const RunEntry *entry);
// Does the same for a message that another process has, unless the entry is another process's by now: that one runs the
// message, or this process does after the other one's end. Waits for the store (keep_end_message).
void run_entry_end(const RunEntry *entry);

#endif
