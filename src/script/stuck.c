// Whether a script is stuck in a call that does not come back, as seen from other threads, and giving its
// interpreter up.
#include "script/core.h"

#include "base/clock.h"

enum { BLOCKED_FACTOR = 5, LOOK_SLACK_US = 300000, SILENT_US = 100000 };

static int64_t cpu_of(int clock) {
  struct timespec now;
  if (clock_gettime((clockid_t)clock, &now) != 0) return -1;
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

// CPU time of the slice, as seen from outside: counted from the watcher's first look, which comes soon after
// its beginning. -1 unknown.
static int64_t watched_cpu(Slice *slice, uint64_t number, int64_t elapsed_us) {
  int64_t cpu_us = cpu_of(atomic_load_explicit(&slice->cpu_clock, memory_order_relaxed));
  if (cpu_us < 0) return -1;
  pthread_mutex_lock(&slice->mutex);
  if (slice->watched_number != number) {
    slice->watched_number = number;
    slice->watched_cpu_us = elapsed_us < LOOK_SLACK_US ? cpu_us - elapsed_us : cpu_us;
  }
  int64_t used_us = cpu_us - slice->watched_cpu_us;
  pthread_mutex_unlock(&slice->mutex);
  return used_us;
}

bool interpreter_is_stuck(Interpreter *in, char *place, size_t size) {
  Slice *slice = &in->slice;
  int64_t max_us = in->options.cpu_us_max;
  int64_t began_us = atomic_load_explicit(&slice->began_us, memory_order_acquire);
  if (!max_us || !began_us) return false;
  uint64_t number = atomic_load_explicit(&slice->number, memory_order_relaxed);
  int64_t now_us = clock_real_us();
  int64_t silent_us = now_us - atomic_load_explicit(&slice->seen_us, memory_order_relaxed);
  int64_t used_us = watched_cpu(slice, number, now_us - began_us);
  // The hook ends what is over within microseconds of CPU time: what goes on that long is in a call.
  bool over = (used_us > max_us + SILENT_US && silent_us > SILENT_US) ||
              silent_us > BLOCKED_FACTOR * max_us;
  if (!over || atomic_load_explicit(&slice->number, memory_order_relaxed) != number ||
      atomic_load_explicit(&slice->began_us, memory_order_relaxed) != began_us)
    return false;
  if (place && size) guard_last_place(slice, place, size);
  return true;
}

// Suspended tasks are told by the caller: the thread that is stuck holds the lock but touches none of them,
// and when it comes back it finds the lock broken.
void interpreter_give_up(Interpreter *in) {
  if (atomic_exchange(&in->given_up, true)) return;
  lock_break(&in->lock);
  time_stop(in);
  task_cancel_all(in);
  pthread_mutex_lock(&in->inbox->mutex);
  pthread_cond_broadcast(&in->inbox->changed);
  pthread_cond_broadcast(&in->ended);
  pthread_mutex_unlock(&in->inbox->mutex);
}

int interpreter_queue(Interpreter *in) { return lock_queue(&in->lock); }

bool interpreter_is_given_up(const Interpreter *in) {
  return atomic_load(&((Interpreter *)in)->given_up);
}
