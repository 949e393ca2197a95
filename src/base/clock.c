// Reading the system's clocks.
#include "base/clock.h"

#include <stdatomic.h>

static atomic_int_least64_t advanced_us;

static int64_t ahead_us(void) { return atomic_load_explicit(&advanced_us, memory_order_relaxed); }

void clock_advance(int64_t us) { atomic_fetch_add(&advanced_us, us); }

static int64_t read_us(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static atomic_int_least64_t wall_us;

static int64_t unix_us(void) {
  return read_us(CLOCK_REALTIME) + ahead_us() +
         atomic_load_explicit(&wall_us, memory_order_relaxed);
}

// What clock_unix_ms_at adds, and the monotonic time from which it looks again.
static atomic_int_least64_t unix_of_zero_us, looks_from_us;

void clock_set_unix_us(int64_t us) {
  wall_us += us - unix_us();
  looks_from_us = 0;
}

int64_t clock_now_us(void) { return read_us(CLOCK_MONOTONIC) + ahead_us(); }

int64_t clock_real_us(void) { return read_us(CLOCK_MONOTONIC); }

int64_t clock_coarse_us(void) { return read_us(CLOCK_MONOTONIC_COARSE) + ahead_us(); }

int64_t clock_unix_s(void) { return unix_us() / 1000000; }

int64_t clock_unix_ms(void) { return unix_us() / 1000; }

static void look_at_wall(int64_t monotonic_us) {
  atomic_store_explicit(&unix_of_zero_us, unix_us() - clock_now_us(), memory_order_relaxed);
  atomic_store_explicit(&looks_from_us, monotonic_us + 100000, memory_order_relaxed);
}

int64_t clock_unix_ms_at(int64_t monotonic_us) {
  if (monotonic_us >= atomic_load_explicit(&looks_from_us, memory_order_relaxed))
    look_at_wall(monotonic_us);
  return (atomic_load_explicit(&unix_of_zero_us, memory_order_relaxed) + monotonic_us) / 1000;
}

int64_t clock_thread_cpu_us(void) { return read_us(CLOCK_THREAD_CPUTIME_ID); }

int64_t clock_process_cpu_us(void) { return read_us(CLOCK_PROCESS_CPUTIME_ID); }

struct timespec clock_to_timespec(int64_t monotonic_us) {
  monotonic_us -= ahead_us();
  if (monotonic_us < 0) monotonic_us = 0;
  return (struct timespec){ .tv_sec = monotonic_us / 1000000,
                            .tv_nsec = monotonic_us % 1000000 * 1000 };
}
