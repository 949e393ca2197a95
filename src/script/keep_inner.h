// The internals of the runs in the store, only for the files keep*.c.
#ifndef WEMOON_SCRIPT_KEEP_INNER_H
#define WEMOON_SCRIPT_KEEP_INNER_H

#include <pthread.h>
#include <stdatomic.h>

#include "script/keep.h"
#include "script/kept_index.h"
#include "script/pending_writes.h"
#include "script/process_name.h"
#include "script/process_watch.h"

enum { KEEP_LEASE_MS = 9000 };  // a process without signs of life counts as alive for this time

struct Keep {
  KeepOptions options;
  char process[PROCESS_NAME_SIZE];
  char process_key[224], asked[96], owes[96];  // keys and prefixes
  ProcessWatch *processes;
  KeptIndex *index;
  PendingWrites *unsaved;
  // Monotonic: the beginning of the last listing of all keys in the store; 0: there was none.
  atomic_int_least64_t listed_us;
  atomic_int_least64_t held_us, lapses;  // monotonic: the lease was held then
  // Monotonic: the first and the last call without an answer since the store last answered; 0: it answered.
  atomic_int_least64_t away_since_us, away_us;
  pthread_mutex_t leavers_mutex;
  Buf leavers;  // openid (pack_str), left_s and until_s (pack_number) of each
  size_t leavers_count;
  // For the thread of keep_look:
  int64_t renew_us, list_us;
  int64_t looked_us;  // monotonic: the first look; 0: there was none
  Buf listed;         // the last key of the listing so far
};

// ---- keep_store.c

// Returns whether the run belongs to this process.
bool keep_is_own(const Keep *keep, const KeptRun *run);
// Notes a run's value in the index. Another process may since have written a run that is held here.
void keep_note(Keep *keep, Str key, const KeptRun *run);
// Returns whether the index has all keys: other processes may write more, and one that has just ended may have.
bool keep_knows_all(const Keep *keep);

typedef enum {
  STORE_HAS,    // the value exists, or the call was done
  STORE_LACKS,  // no such value, or the call was not done
  STORE_AWAY    // unknown
} Asked;
bool keep_was_away(const Keep *keep);  // just now: a caller that waits does not ask again at once
// Makes a call and waits for it; `value` gets what was read, NULL: nothing.
Asked keep_ask_store(Keep *keep, const StoreCall *call, Buf *value);
Asked keep_read_value(Keep *keep, Str key, Buf *value);
// Reads a run, which gets slices of `value`, and notes it in the index. STORE_LACKS: there is none, or it is of another
// format; the index forgets the key.
Asked keep_read_run(Keep *keep, Str key, Buf *value, KeptRun *run);

// ---- keep_leaver.c

void keep_leavers_init(Keep *keep);
void keep_leavers_clear(Keep *keep);

// ---- keep_lease.c

// Takes the lease at the start, without waiting for the store, which may be away.
void keep_renew_first(Keep *keep);
// Renews the lease, if it is time.
void keep_renew(Keep *keep);
// Gives the lease up, if there is one; does not wait.
void keep_end_lease(Keep *keep);
// Returns whether the process that has this name still runs.
bool keep_is_alive(Keep *keep, Str process);

// ---- keep_write.c

// Deletes the value of a key that is known, and the key from the index.
void keep_drop_key(Keep *keep, Str key);
// Deletes the value of a key, unless the store has another one; later, if the store is away. Waits for the store.
Asked keep_delete_value(Keep *keep, Str key, Str value);
// Repeats the writes that the store did not accept.
void keep_write_pending(Keep *keep);

#endif
