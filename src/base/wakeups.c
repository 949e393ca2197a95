// A few wake-ups for each thread: rounds have one, or one for each interpreter.
#include "base/wakeups.h"

#include "base/clock.h"

enum { KEPT = 8 };

typedef struct {
  WakeUp wake;
  void *ctx;
} Kept;

typedef struct {
  bool puts_off;
  int count;
  int64_t since_us;  // when the first was put off
  Kept kept[KEPT];
} Wakeups;

static _Thread_local Wakeups own;

void wakeups_put_off(void) { own.puts_off = true; }

void wakeups_send(void) {
  int count = own.count;
  own.count = 0;
  for (int i = 0; i < count; i++) own.kept[i].wake(own.kept[i].ctx);
}

static bool is_kept(WakeUp wake, const void *ctx) {
  for (int i = 0; i < own.count; i++) {
    if (own.kept[i].wake == wake && own.kept[i].ctx == ctx) return true;
  }
  return false;
}

static bool is_late(int64_t now_us) {
  return own.count > 0 && now_us - own.since_us > WAKEUPS_LATE_US;
}

bool wakeups_add(WakeUp wake, void *ctx) {
  if (!own.puts_off) return wake(ctx), true;
  int64_t now_us = clock_real_us();
  bool known = is_kept(wake, ctx);
  if (own.count == 0) own.since_us = now_us;
  if (!known && own.count == KEPT) wakeups_send();
  if (!known) own.kept[own.count++] = (Kept){ wake, ctx };
  if (is_late(now_us)) wakeups_send();
  return !known;
}
