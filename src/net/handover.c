// One word says who has the connection, another wakes its own thread: only that one sleeps, so that serving and giving
// back take no system call.
#include "net/handover.h"

#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { OWNED, OFFERED, TAKEN, TAKEN_AND_MORE };  // the last: more bytes have arrived since

void handover_offer(Handover *handover) {
  atomic_store(&handover->called, 0);
  atomic_store(&handover->state, OFFERED);
}

static bool change(Handover *handover, int from, int to) {
  return atomic_compare_exchange_strong(&handover->state, &from, to);
}

bool handover_withdraw(Handover *handover) { return change(handover, OFFERED, OWNED); }

static void sleep_until_called(Handover *handover, int timeout_ms) {
  struct timespec limit = { .tv_sec = timeout_ms / 1000, .tv_nsec = timeout_ms % 1000 * 1000000L };
  syscall(SYS_futex, &handover->called, FUTEX_WAIT_PRIVATE, 0, &limit, NULL, 0);
}

bool handover_await(Handover *handover, int timeout_ms) {
  do {
    sleep_until_called(handover, timeout_ms);
    if (atomic_load(&handover->called)) return true;
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
