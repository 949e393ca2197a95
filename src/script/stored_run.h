// The stored state of a message's run, while the run is in memory.
#ifndef WEMOON_SCRIPT_STORED_RUN_H
#define WEMOON_SCRIPT_STORED_RUN_H

#include "engine/record.h"
#include "script/keep.h"
#include "script/said.h"

typedef struct StoredRun {
  Keep *keep;
  KeptRun run;  // the stored run owns its texts, except process and record
  // The last written value and the one before it, if other processes have the store open.
  Buf value, before;
  bool in_store;
  bool leaves;  // the run's former key, that of identity `left`, is still in the store
  Str left;
  int64_t ask_until_us;  // monotonic: how long its question waits for the store
  int64_t lapses;        // keep_lapses when the run was surely this process's own
  bool in_doubt;         // another process may have taken the run over, or ended it
  bool here;             // counted in BotShared.owed_here
  Said *said;            // parts of the answer to the current message; NULL: none
  // No write under its user's key is known to have arrived yet: another conversation may have the key.
  bool takes;
  bool yields;  // another one has it: this conversation stays in its process
  bool warned;  // the log has a warning that it stays in this process
} StoredRun;

// Creates a stored run for a run that has just begun. Returns NULL without memory.
StoredRun *stored_run_new(Keep *keep, Str openid, Str message);
// Creates a stored run for a run that was claimed in the store; `value` is its current value there. Returns NULL
// without memory.
StoredRun *stored_run_of(Keep *keep, const KeptRun *run, Str value);
void stored_run_free(StoredRun *stored);  // NULL is allowed
// Frees the text of `to` and sets it to a copy of `text`; empty without memory.
void stored_run_set(Str *to, Str text);
// Writes the run with its record. Returns false if the run cannot be kept: then `done` is not called.
bool stored_run_save(StoredRun *stored, const Record *record, KeptState state, StoreDone done,
                     void *ctx);
// The same, at once on this thread (keep_save_now). Returns false if it was not written: use stored_run_save.
bool stored_run_save_now(StoredRun *stored, const Record *record, KeptState state);
// Writes a run that goes on, at once if possible, else soon; does not wait for the store.
void stored_run_save_soon(StoredRun *stored, const Record *record);
// Forgets what was said, when the message is answered or the run continues with another message. `taken`: remembers how
// much of it was sent.
void stored_run_leave_said(StoredRun *stored, bool taken);
// Notes that the store did not accept the last value.
void stored_run_not_saved(StoredRun *stored);
// Releases the run from this process: any other process can continue it.
void stored_run_leave(StoredRun *stored, const Record *record);
// Notes that another process has the run: this one neither writes nor deletes it any more.
void stored_run_lost(StoredRun *stored);
// Makes the next write put the run under another key: `identity` as in KeptRun. Once the store has the run there,
// stored_run_moved deletes the former key. A process that ends in between leaves both; then the user's key counts.
void stored_run_move(StoredRun *stored, Str identity);
void stored_run_moved(StoredRun *stored);
// The same once the last write has arrived: the run has its key.
void stored_run_written(StoredRun *stored);
// The user's key is another conversation's, which the last write found there. The first makes the run one of this
// process alone; the second undoes stored_run_move.
void stored_run_yield(StoredRun *stored);
void stored_run_stay(StoredRun *stored);
// Returns whether another process may have taken the run over: this process does not have its lease, or had lost it.
bool stored_run_may_be_taken(const StoredRun *stored);
// Returns whether the run goes on from the store if its task, with `record`, is dropped now (stored_run_leave). `stored`
// NULL: no.
bool stored_run_goes_on(const StoredRun *stored, const Record *record);
// Deletes a run that has ended from the store.
void stored_run_drop(StoredRun *stored);
// Prepares the run for on_lost, with the document that was being answered.
void stored_run_lose(StoredRun *stored);

#endif
