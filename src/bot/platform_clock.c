#include "bot/platform_clock.h"

#include "base/clock.h"

enum { AHEAD_MOST_S = 60 };  // a CreateTime that is farther ahead is no time of a clock

static void note_ahead(PlatformClock *clock, int64_t ahead_s) {
  int64_t most_s = atomic_load_explicit(&clock->ahead_s, memory_order_relaxed);
  if (ahead_s > AHEAD_MOST_S) return;
  while (ahead_s > most_s && !atomic_compare_exchange_weak(&clock->ahead_s, &most_s, ahead_s)) {
  }
}

int64_t platform_clock_age_s(PlatformClock *clock, int64_t created_s, int64_t arrived_us) {
  int64_t ahead_s = created_s - clock_unix_ms_at(arrived_us) / 1000;
  if (created_s <= 0) return INT64_MAX;
  note_ahead(clock, ahead_s);
  return ahead_s > 0 ? INT64_MAX : clock_unix_s() - created_s + atomic_load(&clock->ahead_s);
}
