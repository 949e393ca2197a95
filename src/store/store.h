// The store: keys, values, expiry; for everything that must outlive a message, a reload or the process.
// Memory, SQLite or Redis behind one interface, opened by URL. Calls are asynchronous: the store's own thread
// makes them in the order given, as many at once as are waiting, so that no other thread waits for a disk or
// for Redis.
#ifndef WEMOON_STORE_STORE_H
#define WEMOON_STORE_STORE_H

#include "base/buf.h"
#include "base/err.h"

typedef struct Store Store;

typedef enum {
  STORE_GET,  // ok: there is a value; `value`
  STORE_SET,  // ok: always
  STORE_ADD,  // sets the value if there is none; ok: it was set
  // Adds `by` to the decimal integer there (0 if there is none) and keeps its expiry; `number` is the sum.
  // ERR_INVALID: the value is no integer, or the sum does not fit 64 bits.
  STORE_INCR,
  STORE_DELETE,  // ok: there was a value
  STORE_SWAP,    // sets the value if the present one equals `expected`; ok: it was set
  STORE_LEASE,  // takes the lease `key` for the owner `value`, or prolongs it; ok: the owner has it
  STORE_RELEASE,  // gives it back; ok: `value` was its owner
  // The keys that begin with `key` (here it may be empty), in the order of their bytes: those after `after`,
  // `limit` at most (0: all). For store_reply_next_key. On Redis it goes through all keys there are.
  STORE_LIST,
} StoreOp;

// A script's keys and wemoon's own never meet; nor do those of two accounts' scripts.
typedef enum { STORE_OWN, STORE_SCRIPT } StoreSpace;

enum { STORE_KEY_MAX = 1024, STORE_VALUE_MAX = 16 << 20 };

typedef struct {
  StoreOp op;
  StoreSpace space;
  Str key;           // 1 to STORE_KEY_MAX bytes, any
  Str value;         // at most STORE_VALUE_MAX bytes, any
  Str expected;      // STORE_SWAP
  int64_t by;        // STORE_INCR
  int64_t ttl_ms;    // how long a value that is set stays; 0: for good. A lease must have one
  int64_t delay_ms;  // begins that much later
  int64_t
      keep_ms;  // store_call: tries so long, if the store is away; ttl_ms runs from the first time
  int64_t patience_ms;  // how long it may take; 0: 900 ms
  Str after;            // STORE_LIST
  int64_t limit;        // STORE_LIST
  bool with_expiry;     // STORE_GET: expires_ms too
} StoreCall;

typedef struct {
  bool ok;
  int64_t number;      // STORE_INCR
  Str value;           // STORE_GET; NUL-terminated
  int64_t expires_ms;  // Unix milliseconds; 0: never, or not asked for
  Err err;  // not ERR_NONE: it failed. ERR_NETWORK: Redis is away; ERR_BUSY: locked, or closing
} StoreReply;

// The next key of a STORE_LIST: begin with `rest` as the reply's value. A slice of it; false at the end.
bool store_reply_next_key(Str *rest, Str *key);

// The reply is the callee's: free it with store_reply_free. Runs on the store's thread; must not block.
typedef void (*StoreDone)(void *ctx, StoreReply *reply);

// Whether `url` is the URL of a store: store_open refuses with ERR_USAGE what this refuses. Neither text has
// any part of the URL, which may hold a password.
bool store_url_check(Str url, Err *err);
// Appends the forms that a URL may have, for help: "memory:, sqlite:PATH, redis://...".
void store_url_forms(Buf *out);
// Whether store_open would work now, as far as that is seen without making a file or a connection.
bool store_would_open(Str url, Err *err);
typedef struct {
  Str url;
  const char *ca_file;  // rediss://: certificates to trust; NULL or empty: the system's
  // Whose scripts' keys STORE_SCRIPT is; empty: those of nobody by name, as before version 0.2, whose keys an
  // account finds too. At most 64 bytes.
  Str account;
  Str former_account;  // a name that the account had: its keys are found too; may be empty
  bool must_exist;     // a SQLite file that is not there is not made: ERR_FAILED
} StoreOptions;

// Relative paths of "sqlite:PATH" start at the working directory. ERR_USAGE: store_url_check; ERR_FAILED: a
// SQLite file cannot be opened or is no database, or the data is a newer version's. A Redis that is away is
// connected to later. The password of a URL appears in no text. A store that falls ill, and one that is well
// again, is one line of the log.
Store *store_open(Str url, Err *err);
Store *store_open_with(const StoreOptions *options, Err *err);
// Makes the calls that are waiting (delayed ones fail with ERR_BUSY), then closes. Not from `done`. NULL is
// allowed.
void store_close(Store *store);
// Whether the last call that reached the backend worked; `err` says why it did not. Does not wait: for health
// pages.
bool store_healthy(Store *store, Err *err);
const char *store_kind(const Store *store);  // "memory", "sqlite" or "redis"
bool store_is_shared(
    const Store *store);  // other processes may open its URL and find what it holds
typedef enum {
  STORE_ALONE,      // no other process has it open now
  STORE_MET,        // another process has
  STORE_CANNOT_SEE  // this store cannot tell
} StoreCompany;
// Cheap, from any thread.
StoreCompany store_company(const Store *store);

// Copies `call` and queues it; from any thread. False without memory, after store_close began, or if `call`
// breaks a rule above (ERR_USAGE): `done` is not called then. While Redis is away a call fails within a
// second.
bool store_call(Store *store, const StoreCall *call, StoreDone done, void *ctx, Err *err);
void store_reply_free(StoreReply *reply);  // NULL is allowed

// The same, waiting for the reply on this thread: for tests, tools and threads that may block; never on the
// loop's. Free the reply. NULL if store_call returns false.
StoreReply *store_call_wait(Store *store, const StoreCall *call, Err *err);

#endif
