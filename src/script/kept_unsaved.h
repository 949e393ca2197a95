// Writes that the store did not accept. They are repeated until the store accepts them, or a newer value is written.
// Functions may be called from any thread.
#ifndef WEMOON_SCRIPT_KEPT_UNSAVED_H
#define WEMOON_SCRIPT_KEPT_UNSAVED_H

#include <stdbool.h>

#include "base/buf.h"

typedef struct KeptUnsaved KeptUnsaved;

KeptUnsaved *kept_unsaved_new(void);  // held once; NULL without memory
// Adds a reference; returns `unsaved`.
KeptUnsaved *kept_unsaved_hold(KeptUnsaved *unsaved);
void kept_unsaved_release(KeptUnsaved *unsaved);  // NULL is allowed
// Notes that the store did not accept this value of the key or, if `value.ptr` is NULL, the key's deletion. Returns
// whether it is the only write.
bool kept_unsaved_put(KeptUnsaved *unsaved, Str key, Str value);
// Drops the key's write, because a newer value is being written. Returns whether there was one: what the store has is
// then unknown.
bool kept_unsaved_cancel(KeptUnsaved *unsaved, Str key);
size_t kept_unsaved_count(KeptUnsaved *unsaved);
bool kept_unsaved_has(KeptUnsaved *unsaved, Str key);
// Gets the next write, which the caller holds until kept_unsaved_done. *gone: the key is to be deleted; else `value` is
// its value. Returns false if there is none.
bool kept_unsaved_take(KeptUnsaved *unsaved, Buf *key, Buf *value, bool *gone);
// Ends the write that kept_unsaved_take returned. `again`: the store did not accept it this time either. Returns false
// if a newer write replaced it in the meantime.
bool kept_unsaved_done(KeptUnsaved *unsaved, Str key, Str value, bool gone, bool again);

#endif
