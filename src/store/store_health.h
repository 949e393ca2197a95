// Whether a store works, since when, and what the log was told of it.
#ifndef WEMOON_STORE_STORE_HEALTH_H
#define WEMOON_STORE_STORE_HEALTH_H

#include "store/backend.h"

// Zeroed at first. `told` and `failed_us` belong to the thread that has the backend, all else is under the store's
// lock.
typedef struct {
  Err last;  // of the last call that reached the backend, or of the last tick
  bool has_worked;
  int64_t back_us;    // of the first call that worked again; 0: it has not failed
  bool told;          // the log has said that it fails
  int64_t failed_us;  // of the last failure
} StoreHealth;

// Returns whether the backend works: a call that was wrong in itself (INCR of a value that is not a number) says
// nothing about it.
bool store_health_is_good(const Err *err);
// Tells the log, in one line, that the store fails or works again. By the thread that has the backend.
void store_health_tell(StoreHealth *health, const Err *err);
// Notes how the last call ended.
void store_health_note(StoreHealth *health, const Err *err);
int64_t store_health_settles_ms(const StoreHealth *health);  // store_settles_ms

#endif
