// Changes of values in the store that other processes change too: each reads the value and writes it if no other
// process has written since; changes of one key by this process run one after the other, in the order of their calls.
#ifndef WEMOON_SCRIPT_STORE_CHANGE_H
#define WEMOON_SCRIPT_STORE_CHANGE_H

#include "base/buf.h"
#include "store/store.h"

typedef struct StoreChanges StoreChanges;

// One change; the first member of the caller's struct. Made by store_change_init, freed by the caller's `done`.
typedef struct StoreChange {
  // Makes the new value from the value `before`, which is empty if there is none. `after` begins with the format; a
  // value with nothing behind it counts as none. Called again if another process wrote meanwhile.
  void (*make)(struct StoreChange *change, Str before, Buf *after);
  // Called once, on the store's thread: whether the value is as `make` made it, which is then in `after`.
  void (*done)(struct StoreChange *change, bool worked);
  // Not tried again if the store is away, nor kept waiting behind a change that is; otherwise it is, for ten minutes.
  bool once;
  int64_t ttl_ms;  // of the new value, set by `make`; 0: the table's
  // Set by the functions below:
  StoreChanges *changes;
  struct StoreChange *next;     // next in its bucket, or next in the queue of the same key
  struct StoreChange *waiting;  // later changes of the same key, in order
  int tries, away_tries;
  Buf key, before, after;
  bool had;  // there was a value
  Err err;   // why it did not work
} StoreChange;

// `store` and `format`, with which every value begins, outlive the table. NULL without memory.
StoreChanges *store_changes_new(Store *store, Str format, int64_t ttl_ms);
void store_changes_free(StoreChanges *changes);  // waits for changes under way; NULL is allowed

// Sets the key, and what the functions need. False without memory, or if the key is too long: nothing is to be cleared.
bool store_change_init(StoreChanges *changes, StoreChange *change, Str prefix, Str name);
void store_change_clear(StoreChange *change);
// Begins the change, behind earlier ones of its key; does not wait. Call it from any thread. `done` is always called,
// and may begin the change once more.
void store_change_begin(StoreChange *change);

#endif
