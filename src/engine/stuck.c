// Whether a script is stuck in a call that does not return, as seen from other threads.
#include "engine/engine_inner.h"

#include "engine/guard.h"

#include "base/clock.h"

enum { BLOCKED_FACTOR = 5, LOOK_SLACK_US = 300000, SILENT_US = 100000, GAP_US = 1000000 };

static int64_t cpu_of(int clock) {
  struct timespec now;
  if (clock_gettime((clockid_t)clock, &now) != 0) return -1;
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

// Returns the slice's CPU time, measured by another thread from its first look at the slice; -1 if unknown. If that
// look came soon after the slice began, all the time since the beginning counts as CPU time.
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

// The id of a thread's CPU clock contains the thread's id (the kernel's posix-timers.h).
int slice_thread(const Slice *slice) {
  bool runs = atomic_load(&((Slice *)slice)->began_us) != 0;
  return runs ? ~(atomic_load(&((Slice *)slice)->cpu_clock) >> 3) : 0;
}

// Whether the process was stopped since the last look (a frozen container, a migrated machine): engine_is_stuck is called
// several times a second, whether or not a slice runs, so a long gap between two calls means that no thread was
// running. Time in the gap is no evidence of a stuck call: a slice counts as just seen.
static bool was_stopped(Slice *slice, int64_t now_us) {
  pthread_mutex_lock(&slice->mutex);
  bool gap = now_us - slice->looked_us > GAP_US;
  slice->looked_us = now_us;
  pthread_mutex_unlock(&slice->mutex);
  if (gap) atomic_store_explicit(&slice->seen_us, now_us, memory_order_relaxed);
  return gap;
}

LogSubject engine_subject(Engine *engine, char text[LOG_SUBJECT_SIZE]) {
  return log_subject_noted(&engine->slice.subject, text);
}

void engine_goes_on(Engine *engine) {
  atomic_store_explicit(&engine->slice.seen_us, clock_real_us(), memory_order_relaxed);
}

bool engine_is_stuck(Engine *engine, char *place, size_t size) {
  Slice *slice = &engine->slice;
  int64_t max_us = engine->options.cpu_us_max;
  int64_t now_us = clock_real_us();
  if (!max_us || was_stopped(slice, now_us)) return false;
  int64_t began_us = atomic_load_explicit(&slice->began_us, memory_order_acquire);
  if (!began_us) return false;
  uint64_t number = atomic_load_explicit(&slice->number, memory_order_relaxed);
  int64_t silent_us = now_us - atomic_load_explicit(&slice->seen_us, memory_order_relaxed);
  int64_t used_us = watched_cpu(slice, number, now_us - began_us);
  // The hook ends a slice within microseconds of CPU time after its limit. A slice that goes on longer is in a C call.
  bool over = (used_us > max_us + SILENT_US && silent_us > SILENT_US) ||
              silent_us > BLOCKED_FACTOR * max_us;
  if (!over || atomic_load_explicit(&slice->number, memory_order_relaxed) != number ||
      atomic_load_explicit(&slice->began_us, memory_order_relaxed) != began_us)
    return false;
  if (place && size) guard_last_place(slice, place, size);
  return true;
}
