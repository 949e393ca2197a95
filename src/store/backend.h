// A backend of the store: one file, and its name in the list of backends.c.
#ifndef WEMOON_STORE_BACKEND_H
#define WEMOON_STORE_BACKEND_H

#include "store/listing.h"
#include "store/store.h"

enum { STORE_OLD_KEYS = 2, STORE_PREFIX_MAX = 96 };

// The prefixes of scripts' keys.
typedef struct {
  char script[STORE_PREFIX_MAX];
  char old[STORE_OLD_KEYS]
          [STORE_PREFIX_MAX];  // under which an older version may have set them; empty: none
} StorePrefixes;

// One call under way: what was asked, and the reply that its caller will own.
typedef struct StoreJob {
  StoreReply reply;  // first: the caller frees the job through it
  StoreCall call;
  Str key;  // with the prefix of its space; of STORE_LIST the beginning of the keys
  // Older keys of the same value, set by an older version: the backend moves it to `key` first. Empty if there are
  // none.
  Str old_keys[STORE_OLD_KEYS];
  Listing listing;     // STORE_LIST: the keys found, for store_job_key
  int64_t due_us;      // monotonic: when it may begin
  int64_t give_up_us;  // monotonic: when the call fails if the server is away
  int64_t keep_us;     // monotonic: it is repeated until then while the store is away
  StoreDone done;
  void *ctx;
  struct StoreJob *next;
  char bytes[];
} StoreJob;

// `run`, `tick` and `close` run on the store's thread, or on one that waits for its reply: one at a time.
typedef struct {
  const char *name;  // store_kind
  // The forms of its URLs, NULL at the end: a URL belongs to the backend if a form has the same scheme ("redis:"). Help
  // and error messages list them.
  const char *const *forms;
  bool shared;   // store_is_shared
  int64_t page;  // keys that store_list_page takes at a time
  // Whether no other process has it open; from any thread, during `run` and `tick` too. NULL: it cannot tell
  bool (*is_alone)(const void *self);
  // Whether `url`, which has its scheme, is valid. If not, ERR_USAGE, without any part of the URL, which may be a
  // password.
  bool (*check)(Str url, Err *err);
  // Whether `open` would work now, as far as can be seen without creating anything; NULL if it always would
  bool (*probe)(Str url, Err *err);
  // The URL was checked; the prefixes outlive the backend.
  void *(*open)(const StoreOptions *options, const StorePrefixes *prefixes, Err *err);
  // Does each job of the chain, in order, and fills its reply; does not call `done`.
  void (*run)(void *self, StoreJob *first);
  // Does one job if that takes microseconds: without waiting for a disk or another process. No other process had it
  // open a millisecond ago. False: nothing was done, and `run` must do it. NULL: it never does
  bool (*at_once)(void *self, StoreJob *job);
  // Every second: drops expired keys, notices that its file or server was replaced. False, with the reason in `err`,
  // if it does not work.
  bool (*tick)(void *self, Err *err);
  // store_advice, known after `run` or `tick`, on the same thread; the text lives as long as the backend. NULL: never
  const char *(*advice)(const void *self);
  void (*close)(void *self);
} StoreBackend;

// The backend that the URL belongs to. NULL with ERR_USAGE, and no part of the URL in it, if it belongs to none or the
// backend refuses it; what is no URL, but a path, is named.
const StoreBackend *store_backend_of(Str url, Err *err);

// Adds a key that STORE_LIST found, with its prefix; in any order, repeats are allowed. Sets ok. False without memory,
// with ERR_MEMORY in the reply.
bool store_job_key(StoreJob *job, Str prefix, Str key);
// Copies `value` to the reply and sets ok; ERR_MEMORY in the reply without memory.
void store_job_value(StoreJob *job, Str value);
// Sets reply.number to the sum of the integer `text` and the call's `by`. False, with ERR_INVALID in the reply, if
// `text` is not an integer or the sum overflows.
bool store_job_sum(StoreJob *job, Str text);

#endif
