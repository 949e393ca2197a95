// One word says who has the connection, another wakes its own thread: only that one sleeps, so that serving and giving
// back take no system call.
#include "net/handover.h"

#include <errno.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"

enum { OWNED, OFFERED, TAKEN, TAKEN_AND_MORE };  // the last: more bytes have arrived since

void handover_offer(Handover *handover) {
  atomic_store(&handover->called, 0);
  atomic_store(&handover->state, OFFERED);
}

static bool change(Handover *handover, int from, int to) {
  return atomic_compare_exchange_strong(&handover->state, &from, to);
}

bool handover_withdraw(Handover *handover) { return change(handover, OFFERED, OWNED); }

// Returns whether it was called. A call for the sleep before this one may wake the thread late, and so may a signal: it
// sleeps on.
static bool sleep_until_called(Handover *handover, int64_t end_us) {
  struct timespec end = clock_to_timespec(end_us);
  bool in_time = true;
  while (in_time && !atomic_load(&handover->called))
    in_time = syscall(SYS_futex, &handover->called, FUTEX_WAIT_BITSET_PRIVATE, 0, &end, NULL,
                      FUTEX_BITSET_MATCH_ANY) == 0 ||
              errno != ETIMEDOUT;
  return atomic_load(&handover->called);
}

bool handover_await(Handover *handover, int timeout_ms) {
  do {
    if (sleep_until_called(handover, clock_now_us() + timeout_ms * 1000L)) return true;
  } while (!change(handover, OFFERED, OWNED));
  return false;
}

bool handover_take(Handover *handover) {
  for (;;) {
    if (change(handover, OFFERED, TAKEN)) return true;
    if (change(handover, TAKEN, TAKEN_AND_MORE)) return false;
    int state = atomic_load(&handover->state);
    if (state == OWNED || state == TAKEN_AND_MORE) return false;
  }
}

bool handover_give_back(Handover *handover) {
  if (change(handover, TAKEN, OFFERED)) return true;
  atomic_store(&handover->state, TAKEN);
  return false;
}

// Once it is called its thread may go on, and end: the call below then wakes nobody.
void handover_call(Handover *handover) {
  atomic_store(&handover->state, OWNED);
  atomic_store(&handover->called, 1);
  syscall(SYS_futex, &handover->called, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

// It sees what the one before wrote that released it.
void handover_hold(Handover *handover) { atomic_exchange(&handover->state, TAKEN); }

void handover_release(Handover *handover) { atomic_store(&handover->state, OWNED); }
