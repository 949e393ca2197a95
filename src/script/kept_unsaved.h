// Writes that the store did not take. They are made again until it does, or something newer is written. Any thread.
#ifndef WEMOON_SCRIPT_KEPT_UNSAVED_H
#define WEMOON_SCRIPT_KEPT_UNSAVED_H

#include <stdbool.h>

#include "base/buf.h"

typedef struct KeptUnsaved KeptUnsaved;

KeptUnsaved *kept_unsaved_new(void);  // held once; NULL without memory
KeptUnsaved *kept_unsaved_hold(KeptUnsaved *unsaved);
void kept_unsaved_release(KeptUnsaved *unsaved);  // NULL is allowed
// The store did not take this value of the key, or that the key goes, if `value.ptr` is NULL.
void kept_unsaved_put(KeptUnsaved *unsaved, Str key, Str value);
// Something newer is being written: what is here of the key is out of date.
void kept_unsaved_cancel(KeptUnsaved *unsaved, Str key);
bool kept_unsaved_has(KeptUnsaved *unsaved, Str key);
// The next one to be written, which the caller has until kept_unsaved_done: *gone says that the key goes, else `value`
// is its value. False if there is none.
bool kept_unsaved_take(KeptUnsaved *unsaved, Buf *key, Buf *value, bool *gone);
// `again`: the store did not take it this time either. False if it was out of date meanwhile.
bool kept_unsaved_done(KeptUnsaved *unsaved, Str key, Str value, bool gone, bool again);

#endif
