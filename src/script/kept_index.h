// The runs in the store that this process knows: the key of each, and the time of its next check. Functions may be
// called from any thread.
#ifndef WEMOON_SCRIPT_KEPT_INDEX_H
#define WEMOON_SCRIPT_KEPT_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

typedef struct KeptIndex KeptIndex;

typedef enum {
  ENTRY_UNREAD,  // only its key is known; an owed run is due at once, which reads it
  ENTRY_ASKS,
  ENTRY_MINE,   // this process runs it
  ENTRY_OTHER,  // another process runs it
  ENTRY_HELD    // it asks, and is in this process's memory
} EntryState;

typedef struct {
  EntryState state;
  bool owed;
  int64_t look_ms;  // next check, Unix; INT64_MAX: never
} EntryNote;

// Creates an index. Keys that begin with `owed_prefix`, which outlives the index, belong to owed runs, and go on with
// their user and a slash; all others belong to conversations. Returns NULL without memory.
KeptIndex *kept_index_new(const char *owed_prefix);
void kept_index_free(KeptIndex *index);  // NULL is allowed
void kept_index_add(KeptIndex *index, Str key);
void kept_index_forget(KeptIndex *index, Str key);
// Notes the content of a value. A held entry stays held if the value asks: another process may have written the value.
void kept_index_note(KeptIndex *index, Str key, EntryNote note);
// Notes that the run asks and is in this process's memory. `events`: it takes events as answers.
void kept_index_hold(KeptIndex *index, Str key, bool events);
// Notes that the run has left memory and asks until `look_ms`.
void kept_index_let_go(KeptIndex *index, Str key, int64_t look_ms);
bool kept_index_has(KeptIndex *index, Str key);
// Returns whether the run is in this process's memory; *events then says whether it takes events as answers.
bool kept_index_is_held(KeptIndex *index, Str key, bool *events);
// Gets the key of the next entry to check, from where the last search ended. The same entry is not returned again for a
// second. Returns false if there is none.
bool kept_index_next_unread(KeptIndex *index, Buf *key);
bool kept_index_next_due(KeptIndex *index, Buf *key);
// Returns whether no entry is due. Otherwise kept_index_next_due may have found none because there are many: it looks
// at a part.
bool kept_index_due_rests(KeptIndex *index);
// Appends the keys of the runs that a process which is to go on with `key` must look at: of an owed run those of all
// owed runs of its user, in no order, but for those that this process runs or holds; of a conversation that key
// (pack_str).
void kept_index_list_beside(KeptIndex *index, Str key, Buf *keys);
// Calls `fn` for each key with `prefix`, in no order; `fn` may change the index.
void kept_index_each(KeptIndex *index, Str prefix, void (*fn)(void *ctx, Str key), void *ctx);
// Appends up to `max` keys of owed runs, or else of conversations, in no order (pack_str).
void kept_index_list(KeptIndex *index, bool owed, size_t max, Buf *keys);
size_t kept_index_conversations(const KeptIndex *index);
size_t kept_index_owed(const KeptIndex *index);

#endif
