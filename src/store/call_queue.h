// The calls that wait for a store's thread: those that may begin, those that begin later, and those that failed because
// the store is away and are made again. Not thread-safe: the store's lock guards it.
#ifndef WEMOON_STORE_CALL_QUEUE_H
#define WEMOON_STORE_CALL_QUEUE_H

#include "store/backend.h"

typedef struct {
  StoreJob *first, *last;
} CallList;

// Zeroed, it is empty.
typedef struct {
  CallList ready;     // in the order given
  CallList delayed;   // by due_us
  CallList repeated;  // by due_us; there may be very many
  size_t repeated_bytes;
} CallQueue;

enum {
  CALL_PATIENCE_MS = 900,            // of a call without one of its own
  CALL_REPEAT_PAUSE_US = 500 * 1000  // between two tries of a call that is made again
};

// Adds a new call: it may begin now, or after its delay_ms.
void call_queue_put(CallQueue *queue, StoreJob *job);
// Adds a call that failed because the store is away, to be made again in CALL_REPEAT_PAUSE_US; its value still expires
// at the original time. False, and the caller keeps it: its keep_ms or its value's time is over, or 64 MB of calls
// wait.
bool call_queue_repeat(CallQueue *queue, StoreJob *job, int64_t now_us);
// Makes the calls that are due ready.
void call_queue_wake(CallQueue *queue, int64_t now_us);
// Takes the ready calls, some hundred at most, as a chain. NULL: none is ready.
StoreJob *call_queue_take_ready(CallQueue *queue);
// Takes the call that is due next. NULL: none waits for its time.
StoreJob *call_queue_take_later(CallQueue *queue);
int64_t call_queue_next_us(const CallQueue *queue);  // when a call is due next; INT64_MAX: never

#endif
