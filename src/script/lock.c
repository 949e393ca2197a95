// The lock of an interpreter.
#include "script/lock.h"

#include "base/clock.h"

#include <unistd.h>

// About as long as a quick script's slice: beyond that the thread had better sleep.
enum { SPINS = 200 };

void lock_init_condition(pthread_cond_t *condition) {
  pthread_condattr_t monotonic;
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(condition, &monotonic);
  pthread_condattr_destroy(&monotonic);
}

void lock_init(Lock *lock) {
  atomic_init(&lock->held, 0);
  atomic_init(&lock->waiting, 0);
  atomic_init(&lock->broken, false);
  pthread_mutex_init(&lock->mutex, NULL);
  lock_init_condition(&lock->freed);
}

void lock_clear(Lock *lock) {
  pthread_cond_destroy(&lock->freed);
  pthread_mutex_destroy(&lock->mutex);
}

static bool try_take(Lock *lock) {
  int free_now = 0;
  return atomic_load_explicit(&lock->held, memory_order_relaxed) == 0 &&
         atomic_compare_exchange_strong(&lock->held, &free_now, 1);
}

static void pause_briefly(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#endif
}

bool lock_is_broken(Lock *lock) { return atomic_load_explicit(&lock->broken, memory_order_acquire); }

static bool sleep_and_take(Lock *lock, int64_t deadline_us) {
  struct timespec until = clock_to_timespec(deadline_us);
  pthread_mutex_lock(&lock->mutex);
  atomic_fetch_add(&lock->waiting, 1);
  bool taken = false, in_time = true;
  while (in_time && !lock_is_broken(lock) && !(taken = try_take(lock))) {
    if (deadline_us == INT64_MAX) pthread_cond_wait(&lock->freed, &lock->mutex);
    else in_time = pthread_cond_timedwait(&lock->freed, &lock->mutex, &until) == 0;
  }
  atomic_fetch_sub(&lock->waiting, 1);
  pthread_mutex_unlock(&lock->mutex);
  return taken;
}

bool lock_take(Lock *lock, int64_t deadline_us) {
  for (int i = 0; i < SPINS; i++) {
    if (lock_is_broken(lock)) return false;
    if (try_take(lock)) return true;
    pause_briefly();
  }
  return sleep_and_take(lock, deadline_us);
}

// The store of `held` and the load of `waiting` are sequentially consistent, like the sleeper's increment and its try:
// one of the two sees the other.
void lock_give(Lock *lock) {
  atomic_store(&lock->held, 0);
  if (atomic_load(&lock->waiting) == 0) return;
  pthread_mutex_lock(&lock->mutex);
  pthread_cond_signal(&lock->freed);
  pthread_mutex_unlock(&lock->mutex);
}

void lock_break(Lock *lock) {
  pthread_mutex_lock(&lock->mutex);
  atomic_store_explicit(&lock->broken, true, memory_order_release);
  pthread_cond_broadcast(&lock->freed);
  pthread_mutex_unlock(&lock->mutex);
}
