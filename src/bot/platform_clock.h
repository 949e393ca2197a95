// The platform's clock, which CreateTime shows. It may be ahead of this process's: how far is learned from messages.
#ifndef WEMOON_BOT_PLATFORM_CLOCK_H
#define WEMOON_BOT_PLATFORM_CLOCK_H

#include <stdatomic.h>
#include <stdint.h>

// Zeroed at first. Functions may be called from any thread.
typedef struct {
  atomic_int_least64_t ahead_s;  // the most that was seen
} PlatformClock;

// Returns how many seconds ago, at most, the platform sent a message first. `created_s`: its CreateTime; 0: unknown.
// `arrived_us`: when this process got it (monotonic). INT64_MAX: nothing is known, because this process got it before
// its CreateTime: it may be any try of the message.
int64_t platform_clock_age_s(PlatformClock *clock, int64_t created_s, int64_t arrived_us);

#endif
