// What is kept of a message's run, as long as the run is in memory.
#ifndef WEMOON_SCRIPT_TALK_H
#define WEMOON_SCRIPT_TALK_H

#include "engine/record.h"
#include "script/keep.h"
#include "script/said.h"

typedef struct Talk {
  Keep *keep;
  KeptRun run;  // its texts are the talk's own, but for process and record
  // As it was written last, and before that, where others have the store open.
  Buf value, before;
  bool stored;
  int64_t ask_until_us;  // monotonic: until then its question waits for the store
  bool here;             // counted among what is owed here
  Said *said;            // in parts, of the message that is being answered; NULL: none
  bool warned;           // that it stays in this process
} Talk;

// For a run that has just begun. NULL without memory.
Talk *talk_new(Keep *keep, Str openid, Str message);
// For a run that was claimed in the store; `value` is what is there now.
Talk *talk_of(Keep *keep, const KeptRun *run, Str value);
void talk_free(Talk *talk);  // NULL is allowed
// Frees what `to` had, and gives it a copy; empty without memory.
void talk_set(Str *to, Str text);
// Writes the run with its record. False if it cannot be kept, `done` is not called then.
bool talk_save(Talk *talk, const Record *record, KeptState state, StoreDone done, void *ctx);
// The message is answered, or the run goes on with another one: forgets what was said. `taken`:
// remembers how much of it went out.
void talk_leave_said(Talk *talk, bool taken);
// The store did not take what was written last.
void talk_not_saved(Talk *talk);
// Its process lets go of it: any other one goes on with it.
void talk_leave(Talk *talk, const Record *record);
// The run has ended: deletes it from the store.
void talk_drop(Talk *talk);
// Prepares it for on_lost, with the document that was being answered.
void talk_lose(Talk *talk);

#endif
