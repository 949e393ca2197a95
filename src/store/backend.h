// What a backend of the store is: one file, and one word in the list of store.c.
#ifndef WEMOON_STORE_BACKEND_H
#define WEMOON_STORE_BACKEND_H

#include "store/listing.h"
#include "store/store.h"

enum { STORE_OLD_KEYS = 2, STORE_PREFIX_MAX = 96 };

// What stands before the keys of scripts.
typedef struct {
  char script[STORE_PREFIX_MAX];
  char old[STORE_OLD_KEYS]
          [STORE_PREFIX_MAX];  // under which an older version may have set them; empty: none
} StorePrefixes;

// One call under way: what was asked, and the reply that its caller will own.
typedef struct StoreJob {
  StoreReply reply;  // first: the caller frees the job through it
  StoreCall call;
  Str key;  // with the prefix of its space: what the backend sees. STORE_LIST: what keys begin with
  // Keys under which the same value may still be, set by an older version: the backend moves it to `key` first.
  // Empty if there is none.
  Str old_keys[STORE_OLD_KEYS];
  Listing listing;     // STORE_LIST: the keys found, for store_job_key
  int64_t due_us;      // monotonic: when it may begin
  int64_t give_up_us;  // monotonic: if the other side is away, the call fails by then
  int64_t keep_us;     // monotonic: until then it is tried again if the store is away
  StoreDone done;
  void *ctx;
  struct StoreJob *next;
  char bytes[];
} StoreJob;

// `run`, `tick` and `close` run on the store's thread, or on one that waits for its reply: one at a time.
typedef struct {
  const char *name;  // store_kind
  // How its URLs are written, NULL at the end. A URL is this backend's if one of the forms begins with the
  // same scheme ("redis:"). Help and error messages are made from them.
  const char *const *forms;
  bool shared;  // store_is_shared
  // Whether no other process has it open; from any thread while `run` and `tick` go on. NULL: it cannot tell
  bool (*is_alone)(const void *self);
  // Whether `url`, whose scheme fits, can be one of its URLs; if not, ERR_USAGE, and no part of the URL in
  // the text: it may be a password.
  bool (*check)(Str url, Err *err);
  // Whether `open` would work now, as far as that is seen without making anything; NULL if it always would
  bool (*probe)(Str url, Err *err);
  // The URL was checked; the prefixes outlive the backend.
  void *(*open)(const StoreOptions *options, const StorePrefixes *prefixes, Err *err);
  // does each job of the chain in order and fills its reply; calls no `done`
  void (*run)(void *self, StoreJob *first);
  // Every second: forgets what has expired, notices that its file or server was replaced. False if it is
  // not well: `err` says why.
  bool (*tick)(void *self, Err *err);
  void (*close)(void *self);
} StoreBackend;

// The keys of a STORE_LIST, in any order, with the prefix under which they were looked for; more than once is
// fine. Says ok; false without memory, with ERR_MEMORY in the reply.
bool store_job_key(StoreJob *job, Str prefix, Str key);
// Puts a copy of `value` in the reply and says ok; without memory, ERR_MEMORY in the reply.
void store_job_value(StoreJob *job, Str value);
// Puts the sum of the integer `text` and the call's `by` into reply.number. False, with ERR_INVALID in the
// reply, if `text` is no integer or the sum does not fit.
bool store_job_sum(StoreJob *job, Str text);

#endif
