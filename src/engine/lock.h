// An engine's lock. Many threads take it for microseconds at a time, so waiting threads spin briefly before they sleep.
// A wait can have a deadline, and all waits end at once when the lock is broken (engine_give_up).
#ifndef WEMOON_ENGINE_LOCK_H
#define WEMOON_ENGINE_LOCK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
  atomic_int state;  // a futex: free, held, or held and awaited
  atomic_bool broken;
  atomic_int asleep;  // threads that wait for the lock in the kernel
} Lock;

void lock_init(Lock *lock);
// Takes the lock; waits until `deadline_us` at most (monotonic; INT64_MAX: without limit). False at the deadline, or if
// the lock is broken.
bool lock_take(Lock *lock, int64_t deadline_us);
// Takes the lock without waiting. False if another thread holds it, or if it is broken.
bool lock_try(Lock *lock);
int lock_asleep(Lock *lock);  // the number of threads that wait for the lock in the kernel
void lock_give(Lock *lock);
// Releases the lock and lets a waiting thread take it first: for a thread that takes the lock again at once and would
// win each time.
void lock_give_way(Lock *lock);
// Breaks the lock for good: no thread can take it any more, and all waits end.
void lock_break(Lock *lock);
bool lock_is_broken(Lock *lock);
// Returns how many threads come before a new one: 0 if the lock is free, INT_MAX if it is broken.
int lock_queue(Lock *lock);

#endif
