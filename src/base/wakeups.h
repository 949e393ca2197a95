// Wake-ups of other threads, put off to the end of a round of work: a thread that gets many things to do in one round
// is woken once, not at each.
#ifndef WEMOON_BASE_WAKEUPS_H
#define WEMOON_BASE_WAKEUPS_H

#include <stdbool.h>

typedef void (*WakeUp)(void *ctx);

// From now on this thread puts wake-ups off. It calls wakeups_send at the end of each round, before it waits.
void wakeups_put_off(void);
// Calls wake(ctx): at once, or, on a thread that puts wake-ups off, after WAKEUPS_LATE_US at most while the round adds
// more, and at its end. False if the same wake-up was put off already: nothing was added.
bool wakeups_add(WakeUp wake, void *ctx);
void wakeups_send(void);

enum { WAKEUPS_LATE_US = 300 };

#endif
