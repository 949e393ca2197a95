// The lock of an engine: one word, on which waiting threads sleep in the kernel (futex(2)). With a mutex and a
// condition variable, threads would wake only to wait for the mutex (a lock convoy).
#include "engine/lock.h"

#include "base/clock.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

// About as long as a short slice. A thread that waits longer should sleep.
enum { SPINS = 200 };

// How long lock_give_way waits for a sleeping thread to take the lock: at most WAY_LOOKS times WAY_LOOK_US.
enum { WAY_LOOKS = 20, WAY_LOOK_US = 50 };

enum { LOCK_FREE, LOCK_HELD, LOCK_AWAITED };  // awaited: held, and threads may sleep

void lock_init(Lock *lock) {
  atomic_init(&lock->state, LOCK_FREE);
  atomic_init(&lock->broken, false);
  atomic_init(&lock->asleep, 0);
}

static void pause_briefly(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#endif
}

bool lock_is_broken(Lock *lock) {
  return atomic_load_explicit(&lock->broken, memory_order_acquire);
}

// `broken` comes first: a broken lock looks free once its holder has given it.
int lock_queue(Lock *lock) {
  if (atomic_load_explicit(&lock->broken, memory_order_relaxed)) return INT_MAX;
  if (atomic_load_explicit(&lock->state, memory_order_relaxed) == LOCK_FREE) return 0;
  return 1 + atomic_load_explicit(&lock->asleep, memory_order_relaxed);
}

// `broken` is read once the lock is taken: who held the lock when it was broken gives it all the same.
bool lock_try(Lock *lock) {
  int expected = LOCK_FREE;
  return atomic_load_explicit(&lock->state, memory_order_relaxed) == LOCK_FREE &&
         atomic_compare_exchange_strong_explicit(&lock->state, &expected, LOCK_HELD,
                                                 memory_order_acquire, memory_order_relaxed) &&
         !lock_is_broken(lock);
}

int lock_asleep(Lock *lock) { return atomic_load_explicit(&lock->asleep, memory_order_relaxed); }

// Sleeps while the state is LOCK_AWAITED. False at the deadline.
static bool sleep_until(Lock *lock, int64_t deadline_us) {
  struct timespec until = clock_to_timespec(deadline_us);
  long failed = syscall(SYS_futex, &lock->state, FUTEX_WAIT_BITSET_PRIVATE, LOCK_AWAITED,
                        deadline_us == INT64_MAX ? NULL : &until, NULL, FUTEX_BITSET_MATCH_ANY);
  return failed == 0 || errno != ETIMEDOUT;
}

static void wake(Lock *lock, int threads) {
  syscall(SYS_futex, &lock->state, FUTEX_WAKE_PRIVATE, threads, NULL, NULL, 0);
}

// Takes the lock, and marks it as awaited since other threads may sleep. `broken` must be read after the mark is set:
// if the mark overwrote the state set by lock_break, the thread would sleep without end.
static bool sleep_and_take(Lock *lock, int64_t deadline_us) {
  bool in_time = true;
  while (in_time) {
    bool taken =
        atomic_exchange_explicit(&lock->state, LOCK_AWAITED, memory_order_acq_rel) == LOCK_FREE;
    if (lock_is_broken(lock)) return false;
    if (taken) return true;
    in_time = sleep_until(lock, deadline_us);
  }
  return false;
}

bool lock_take(Lock *lock, int64_t deadline_us) {
  for (int i = 0; i < SPINS; i++) {
    if (lock_try(lock)) return true;
    if (lock_is_broken(lock)) return false;
    pause_briefly();
  }
  atomic_fetch_add_explicit(&lock->asleep, 1, memory_order_relaxed);
  bool taken = sleep_and_take(lock, deadline_us);
  atomic_fetch_sub_explicit(&lock->asleep, 1, memory_order_relaxed);
  return taken;
}

void lock_give(Lock *lock) {
  if (atomic_exchange_explicit(&lock->state, LOCK_FREE, memory_order_release) == LOCK_AWAITED)
    wake(lock, 1);
}

void lock_give_way(Lock *lock) {
  if (atomic_exchange_explicit(&lock->state, LOCK_FREE, memory_order_release) != LOCK_AWAITED)
    return;
  wake(lock, 1);
  for (int i = 0;
       i < WAY_LOOKS && atomic_load_explicit(&lock->state, memory_order_relaxed) == LOCK_FREE; i++)
    usleep(WAY_LOOK_US);
}

// A thread that is about to sleep sees that the state has changed, or is woken.
void lock_break(Lock *lock) {
  atomic_store(&lock->broken, true);
  atomic_store(&lock->state, LOCK_HELD);
  wake(lock, INT32_MAX);
}
