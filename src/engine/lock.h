// An engine's lock: taken for microseconds at a time by many threads, so waiters spin a little before
// they sleep; every wait has a deadline, and all waits end at once when the engine is given up.
#ifndef WEMOON_ENGINE_LOCK_H
#define WEMOON_ENGINE_LOCK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
  atomic_int state;  // free, held, or held and awaited: a futex
  atomic_bool broken;
  atomic_int asleep;  // threads that wait for it in the kernel
} Lock;

void lock_init(Lock *lock);
// Waits until `deadline_us` (monotonic) at most; INT64_MAX: for ever. False at the deadline or when the lock
// is broken.
bool lock_take(Lock *lock, int64_t deadline_us);
// False if another thread holds it.
bool lock_try(Lock *lock);
int lock_asleep(Lock *lock);  // threads that wait for it in the kernel
void lock_give(Lock *lock);
// Gives it back and lets a waiting thread have it first: for a thread that would take it again at
// once, and win each time.
void lock_give_way(Lock *lock);
// No thread gets the lock any more; all waits end.
void lock_break(Lock *lock);
bool lock_is_broken(Lock *lock);
// How many waiters come before a new one: 0 if it is free, INT_MAX if it is broken.
int lock_queue(Lock *lock);

#endif
