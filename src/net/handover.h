// A connection between two requests: its own thread sleeps, and whichever thread sees its next bytes first takes it.
// That thread serves it and gives it back, or calls the connection's own thread.
#ifndef WEMOON_NET_HANDOVER_H
#define WEMOON_NET_HANDOVER_H

#include <stdatomic.h>
#include <stdbool.h>

// All zero: the connection's own thread has it.
typedef struct {
  atomic_int state;   // who has the connection
  atomic_int called;  // a futex, on which its own thread sleeps
} Handover;

// On the connection's own thread, which has it: from now on others may take it.
void handover_offer(Handover *handover);
bool handover_withdraw(Handover *handover);  // that; false if another thread has it already
// Then: sleeps until another thread calls, or takes the connection back after `timeout_ms` or a little more if nobody
// has it. The thread has the connection again; true if it was called.
bool handover_await(Handover *handover, int timeout_ms);

// On another thread, when bytes have arrived: takes the connection. False if it is not offered. If a third thread has
// it, that one is told by handover_give_back.
bool handover_take(Handover *handover);
// Offers it again. False if more bytes arrived meanwhile: the thread still has it and must look for them.
bool handover_give_back(Handover *handover);
// Wakes the connection's own thread, which has it from now on.
void handover_call(Handover *handover);

// For a connection without a thread of its own: the calling thread takes it, to give it back.
void handover_hold(Handover *handover);
// Instead of giving it back: nobody takes it any more.
void handover_release(Handover *handover);

#endif
