// What a backend of the store is. Inside store/ only.
#ifndef WEMOON_STORE_BACKEND_H
#define WEMOON_STORE_BACKEND_H

#include "store/store.h"

// One call on its way: what was asked, and the reply that its caller will own.
typedef struct StoreJob {
  StoreReply reply;  // first: the caller frees the job through it
  StoreCall call;
  Str key;             // with its space before it: what the backend sees
  int64_t due_us;      // monotonic: when it may begin
  int64_t give_up_us;  // monotonic: it should have failed by then if the other side is away
  StoreDone done;
  void *ctx;
  struct StoreJob *next;
  char bytes[];
} StoreJob;

// Everything here but `open` runs on the store's thread, or on one that waits for its reply: one at a time.
typedef struct {
  const char *scheme;                 // what stands before the ':' of the URL
  void *(*open)(Str rest, Err *err);  // `rest` is what stands after it
  // does each job of the chain in order and fills its reply; calls no `done`
  void (*run)(void *self, StoreJob *first);
  // every few seconds: forget what has expired; NULL: it does so by itself
  void (*tidy)(void *self);
  void (*close)(void *self);
} StoreBackend;

extern const StoreBackend store_memory, store_sqlite, store_redis;

// Puts a copy of `value` in the reply and says ok; ERR_MEMORY in the reply otherwise.
void store_job_value(StoreJob *job, Str value);
// The sum of the integer `text` and the call's `by` into reply.number; false with ERR_INVALID in the reply
// where `text` is none or the sum does not fit.
bool store_job_sum(StoreJob *job, Str text);

#endif
