// What a backend of the store is: one file, and one word in the list of store.c.
#ifndef WEMOON_STORE_BACKEND_H
#define WEMOON_STORE_BACKEND_H

#include "store/store.h"

// One call under way: what was asked, and the reply that its caller will own.
typedef struct StoreJob {
  StoreReply reply;  // first: the caller frees the job through it
  StoreCall call;
  Str key;             // with the prefix of its space: what the backend sees
  int64_t due_us;      // monotonic: when it may begin
  int64_t give_up_us;  // monotonic: if the other side is away, the call fails by then
  StoreDone done;
  void *ctx;
  struct StoreJob *next;
  char bytes[];
} StoreJob;

// `run`, `tidy` and `close` run on the store's thread, or on one that waits for its reply: one at a time.
typedef struct {
  const char *name;  // store_kind
  // How its URLs are written, NULL at the end. A URL is this backend's if one of the forms begins with the
  // same scheme ("redis:"). Help and error messages are made from them.
  const char *const *forms;
  StoreShared shared;
  // Whether `url`, whose scheme fits, can be one of its URLs; if not, ERR_USAGE, and no part of the URL in
  // the text: it may be a password.
  bool (*check)(Str url, Err *err);
  // Whether `open` would work now, as far as that is seen without making anything; NULL if it always would
  bool (*probe)(Str url, Err *err);
  void *(*open)(Str url, Err *err);  // `url` was checked
  // does each job of the chain in order and fills its reply; calls no `done`
  void (*run)(void *self, StoreJob *first);
  // every few seconds: forgets what has expired; NULL if it does so by itself
  void (*tidy)(void *self);
  void (*close)(void *self);
} StoreBackend;

// Puts a copy of `value` in the reply and says ok; without memory, ERR_MEMORY in the reply.
void store_job_value(StoreJob *job, Str value);
// Puts the sum of the integer `text` and the call's `by` into reply.number. False, with ERR_INVALID in the
// reply, if `text` is no integer or the sum does not fit.
bool store_job_sum(StoreJob *job, Str text);

#endif
