// Writes that the store did not accept. They are repeated until the store accepts them, or a newer value is written.
// Functions may be called from any thread.
#ifndef WEMOON_SCRIPT_PENDING_WRITES_H
#define WEMOON_SCRIPT_PENDING_WRITES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

typedef struct PendingWrites PendingWrites;

// A write; initially zeroed, except the buffers.
typedef struct {
  Buf key, value;
  bool gone;      // the key is to be deleted; `value` not empty: if it has that value's run
  int64_t put_s;  // Unix: when the store did not accept it first
} PendingWrite;

PendingWrites *pending_writes_new(void);  // held once; NULL without memory
// Adds a reference; returns `unsaved`.
PendingWrites *pending_writes_hold(PendingWrites *unsaved);
// Waits until the caller's reference is the only one: until no write is under way.
void pending_writes_await(PendingWrites *unsaved);
void pending_writes_release(PendingWrites *unsaved);  // NULL is allowed
// Notes that the store did not accept this value of the key or, if `value.ptr` is NULL, the key's deletion. Returns
// whether it is the only write.
bool pending_writes_put(PendingWrites *unsaved, Str key, Str value);
// Notes that the key is to be deleted if it has the run of `value`.
void pending_writes_put_end(PendingWrites *unsaved, Str key, Str value);
// Drops the key's write, because a newer value is being written. Returns whether there was one: what the store has is
// then unknown.
bool pending_writes_cancel(PendingWrites *unsaved, Str key);
size_t pending_writes_count(PendingWrites *unsaved);
bool pending_writes_has(PendingWrites *unsaved, Str key);
// Gets the next write, which the caller holds until pending_writes_done. Returns false if there is none.
bool pending_writes_take(PendingWrites *unsaved, PendingWrite *write);
// Returns whether no newer write has replaced the write that pending_writes_take returned.
bool pending_writes_is_newest(PendingWrites *unsaved);
// Ends that write. `again`: the store did not accept it this time either. Returns false if a newer write has replaced
// it.
bool pending_writes_done(PendingWrites *unsaved, const PendingWrite *write, bool again);

#endif
