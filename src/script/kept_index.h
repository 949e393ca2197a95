// What this process knows of the runs in the store: the key of each, and when to look at it. Any thread.
#ifndef WEMOON_SCRIPT_KEPT_INDEX_H
#define WEMOON_SCRIPT_KEPT_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

typedef struct KeptIndex KeptIndex;

typedef enum {
  ENTRY_UNREAD,  // only its key is known
  ENTRY_ASKS,
  ENTRY_MINE,   // this process runs it
  ENTRY_OTHER,  // another process runs it
  ENTRY_HELD    // it asks, and this process has it in memory
} EntryState;

typedef struct {
  EntryState state;
  bool owed;
  int64_t look_ms;  // Unix; INT64_MAX: never
} EntryNote;

// Keys that begin with `owed_prefix`, which outlives the index, are of owed runs; all others of conversations. NULL
// without memory.
KeptIndex *kept_index_new(const char *owed_prefix);
void kept_index_free(KeptIndex *index);  // NULL is allowed
void kept_index_add(KeptIndex *index, Str key);
void kept_index_forget(KeptIndex *index, Str key);
// Notes what a value said. One that is held here stays so if the value asks: another process may have written it.
void kept_index_note(KeptIndex *index, Str key, EntryNote note);
// The run asks, in this process's memory; `events`: it takes events as answers.
void kept_index_hold(KeptIndex *index, Str key, bool events);
// It has left memory; it asks until `look_ms`.
void kept_index_let_go(KeptIndex *index, Str key, int64_t look_ms);
bool kept_index_has(KeptIndex *index, Str key);
// Whether it is in this process's memory; *events then says whether it takes events as answers.
bool kept_index_is_held(KeptIndex *index, Str key, bool *events);
// The next entry to look at, from where the last search ended: its key in `key`. It does not come again for a
// second. False if there is none.
bool kept_index_next_unread(KeptIndex *index, Buf *key);
bool kept_index_next_due(KeptIndex *index, Buf *key);
// Calls `fn` for each key with that prefix, in no order; `fn` may change the index.
void kept_index_each(KeptIndex *index, Str prefix, void (*fn)(void *ctx, Str key), void *ctx);
// Appends up to `max` keys of owed runs, or else of conversations, in no order (pack_str).
void kept_index_list(KeptIndex *index, bool owed, size_t max, Buf *keys);
size_t kept_index_conversations(const KeptIndex *index);
size_t kept_index_owed(const KeptIndex *index);

#endif
