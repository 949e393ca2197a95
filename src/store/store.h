// The store: keys, values, expiry, shared by everything that must outlive a message, a reload or the process.
// Memory, SQLite or Redis behind one interface, opened by URL. Calls are asynchronous: one thread of the
// store's own does them in the order given, as many at once as are waiting, so that no other thread ever
// waits for a disk or for Redis.
#ifndef WEMOON_STORE_STORE_H
#define WEMOON_STORE_STORE_H

#include "base/err.h"
#include "base/str.h"

typedef struct Store Store;

typedef enum {
  STORE_GET,  // ok: it is there; `value`
  STORE_SET,  // ok: always
  STORE_ADD,  // sets where nothing is; ok: it was set
  // adds `by` to the decimal integer there (0 where nothing is), keeps its expiry; `number` is the
  STORE_INCR,
  // sum. ERR_INVALID: what is there is no integer, or the sum does not fit 64 bits
  STORE_DELETE,  // ok: it was there
  STORE_SWAP,    // sets where the value equals `expected`; ok: it did
  STORE_LEASE,  // takes the lease `key` for the owner `value`, or prolongs it; ok: the owner has it
  STORE_RELEASE,  // gives it back; ok: `value` was its owner
} StoreOp;

// A script's keys and wemoon's own never meet.
typedef enum { STORE_OWN, STORE_SCRIPT } StoreSpace;

enum { STORE_KEY_MAX = 1024, STORE_VALUE_MAX = 16 << 20 };

typedef struct {
  StoreOp op;
  StoreSpace space;
  Str key;           // 1 to STORE_KEY_MAX bytes, any
  Str value;         // at most STORE_VALUE_MAX bytes, any
  Str expected;      // STORE_SWAP
  int64_t by;        // STORE_INCR
  int64_t ttl_ms;    // how long what is set stays; 0: for good. A lease must have one
  int64_t delay_ms;  // begin that much later
} StoreCall;

typedef struct {
  bool ok;
  int64_t number;  // STORE_INCR
  Str value;       // STORE_GET; NUL-terminated
  Err err;  // not ERR_NONE: it failed. ERR_NETWORK: Redis is away; ERR_BUSY: locked, or closing
} StoreReply;

// Gets the reply to keep: free it with store_reply_free. On the store's thread; must not block.
typedef void (*StoreDone)(void *ctx, StoreReply *reply);

// "memory:", "sqlite:PATH" (relative paths start at the working directory),
// "redis://[:PASSWORD@]HOST[:PORT][/DB]". ERR_USAGE where the URL is none of these; ERR_FAILED where a SQLite
// file cannot be opened or is no database. Redis is first connected to when it is needed, and again after it
// was away. A URL's password never shows in any text.
Store *store_open(Str url, Err *err);
// Does what is waiting (delayed calls fail with ERR_BUSY), then closes. Not from `done`. NULL is allowed.
void store_close(Store *store);
// Whether the last call that reached the backend worked; `err` says what did not. No waiting: this is for
// health pages.
bool store_healthy(Store *store, Err *err);
// "memory", "sqlite" or "redis".
const char *store_kind(const Store *store);

// Copies `call` and has it done; from any thread. False without memory, after store_close began, or where
// `call` breaks a rule above (ERR_USAGE); `done` is not called then. While Redis is away a call fails within
// a second.
bool store_call(Store *store, const StoreCall *call, StoreDone done, void *ctx, Err *err);
void store_reply_free(StoreReply *reply);  // NULL is allowed

// The same, waiting for the reply on this thread: for tests, tools and threads that may block; never for the
// loop's. Free the reply. NULL where store_call says false.
StoreReply *store_call_wait(Store *store, const StoreCall *call, Err *err);

#endif
