// The late answers of each user that are under way, in order, for processes that share a store: one value per user.
#ifndef WEMOON_SCRIPT_LATE_SHARED_H
#define WEMOON_SCRIPT_LATE_SHARED_H

#include "script/keep.h"

typedef struct LateShared LateShared;

typedef struct {
  Store *store;      // outlives it
  Str account;       // account_name
  const Keep *keep;  // outlives it
  // Returns whether this process has that answer under way. Called on the store's thread.
  bool (*has)(void *ctx, Str openid, Str identity);
  void *ctx;
} LateSharedOptions;

// NULL without memory.
LateShared *late_shared_new(const LateSharedOptions *options);
void late_shared_free(LateShared *shared);  // waits for calls under way; NULL is allowed
// Whether other processes may have the store open.
bool late_shared_is_needed(const LateShared *shared);

// The functions below may be called from any thread and do not wait. While the store is away, answers enter in vain:
// then `done` below is called with `known` false.

// Puts the answer to message `identity` behind the user's others. If it has a place already, that of a process that has
// ended, this process takes it over.
void late_shared_enter(LateShared *shared, Str openid, Str identity);
void late_shared_leave(LateShared *shared, Str openid, Str identity);
// Calls `done` once, on the store's thread, as soon as no answer is before this one; `known`: whether the store has it
// at all, false while the store is away. An answer of a process that has ended counts for 15 s, in which another
// process goes on with it. Returns false without memory: `done` is not called.
bool late_shared_await(LateShared *shared, Str openid, Str identity,
                       void (*done)(void *ctx, bool known), void *ctx);

#endif
