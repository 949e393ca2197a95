// The stored state of a message's run, while the run is in memory.
#ifndef WEMOON_SCRIPT_TALK_H
#define WEMOON_SCRIPT_TALK_H

#include "engine/record.h"
#include "script/keep.h"
#include "script/said.h"

typedef struct Talk {
  Keep *keep;
  KeptRun run;  // the talk owns its texts, except process and record
  // The last written value and the one before it, if other processes have the store open.
  Buf value, before;
  bool stored;
  int64_t ask_until_us;  // monotonic: how long its question waits for the store
  int64_t lapses;        // keep_lapses when the run was surely this process's own
  bool in_doubt;         // another process may have taken the run over, or ended it
  bool here;             // counted in BotShared.owed_here
  Said *said;            // parts of the answer to the current message; NULL: none
  bool warned;           // the log has a warning that it stays in this process
} Talk;

// Creates a talk for a run that has just begun. Returns NULL without memory.
Talk *talk_new(Keep *keep, Str openid, Str message);
// Creates a talk for a run that was claimed in the store; `value` is its current value there. Returns NULL without
// memory.
Talk *talk_of(Keep *keep, const KeptRun *run, Str value);
void talk_free(Talk *talk);  // NULL is allowed
// Frees the text of `to` and sets it to a copy of `text`; empty without memory.
void talk_set(Str *to, Str text);
// Writes the run with its record. Returns false if the run cannot be kept: then `done` is not called.
bool talk_save(Talk *talk, const Record *record, KeptState state, StoreDone done, void *ctx);
// The same, at once on this thread (keep_save_now). Returns false if it was not written: use talk_save.
bool talk_save_now(Talk *talk, const Record *record, KeptState state);
// Forgets what was said, when the message is answered or the run continues with another message. `taken`: remembers how
// much of it was sent.
void talk_leave_said(Talk *talk, bool taken);
// Notes that the store did not accept the last value.
void talk_not_saved(Talk *talk);
// Releases the run from this process: any other process can continue it.
void talk_leave(Talk *talk, const Record *record);
// Notes that another process has the run: this one neither writes nor deletes it any more.
void talk_lost(Talk *talk);
// Deletes a run that has ended from the store.
void talk_drop(Talk *talk);
// Prepares the run for on_lost, with the document that was being answered.
void talk_lose(Talk *talk);

#endif
