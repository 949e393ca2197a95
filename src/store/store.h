// The store: keys with values that may expire, for everything that must outlive a message, a reload or the process.
// Memory, SQLite or Redis behind one interface, opened by URL. Calls are asynchronous: the store's own thread makes
// them in order, all waiting calls in one batch, so that no other thread waits for a disk or for Redis.
#ifndef WEMOON_STORE_STORE_H
#define WEMOON_STORE_STORE_H

#include "base/buf.h"
#include "base/err.h"

typedef struct Store Store;

typedef enum {
  STORE_GET,  // ok: the key has a value, `value`
  STORE_SET,  // ok: always
  STORE_ADD,  // sets the value if the key has none; ok: it was set
  // Adds `by` to the decimal integer of the key (0 if it has none) and keeps its expiry; `number` is the sum.
  // ERR_INVALID: the value is not an integer, or the sum does not fit 64 bits.
  STORE_INCR,
  STORE_DELETE,   // ok: the key had a value
  STORE_SWAP,     // sets the value if the current one equals `expected`; ok: it was set
  STORE_LEASE,    // takes or extends the lease `key` for the owner `value`; ok: the owner has it
  STORE_RELEASE,  // ends the lease; ok: `value` was its owner
  // The keys that begin with `key` (which may be empty), in byte order, those after `after`, `limit` at most (0: all):
  // see store_reply_next_key. On Redis it scans every key of the database.
  STORE_LIST,
} StoreOp;

// Scripts' keys and wemoon's own are apart, and so are those of two accounts' scripts.
typedef enum {
  STORE_OWN,
  STORE_SCRIPT,
  STORE_ALL_SCRIPTS  // STORE_LIST only: the keys of all accounts' scripts, each as ACCOUNT:KEY
} StoreSpace;

enum { STORE_KEY_MAX = 1024, STORE_VALUE_MAX = 16 << 20 };

typedef struct {
  StoreOp op;
  StoreSpace space;
  Str key;           // 1 to STORE_KEY_MAX bytes, any
  Str value;         // at most STORE_VALUE_MAX bytes, any
  Str expected;      // STORE_SWAP
  int64_t by;        // STORE_INCR
  int64_t ttl_ms;    // the lifetime of the value that is set; 0: unlimited. A lease must have one
  int64_t delay_ms;  // begins that much later
  int64_t
      keep_ms;  // store_call: how long to repeat it while the store is away; ttl_ms runs from the first try
  int64_t patience_ms;  // its deadline; 0: 900 ms
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

// The next key of a STORE_LIST, a slice of the reply's value, with which `rest` begins; false at the end.
bool store_reply_next_key(Str *rest, Str *key);

// Takes ownership of the reply: free it with store_reply_free. Runs on the store's thread; must not block.
typedef void (*StoreDone)(void *ctx, StoreReply *reply);
// A StoreDone for calls whose reply does not matter: frees it. `ctx` is not used.
void store_reply_drop(void *ctx, StoreReply *reply);

// Whether `url` is the URL of a store; store_open refuses the same URLs with ERR_USAGE. Neither quotes a URL, which
// may hold a password.
bool store_url_check(Str url, Err *err);
// Returns the form of `url` ("memory:") if each process has such a store to itself; NULL if processes share it, or if
// `url` is no store's.
const char *store_url_own(Str url);
// Appends the forms of URLs, for help: "memory:, sqlite:PATH, redis://...".
void store_url_forms(Buf *out);
// Whether store_open would work now, as far as can be seen without creating a file or a connection.
bool store_would_open(Str url, Err *err);
typedef struct {
  Str url;
  const char *ca_file;  // rediss://: certificates to trust; NULL or empty: the system's
  // The account whose scripts use STORE_SCRIPT, 64 bytes at most. Empty: keys without an account, as before version
  // 0.2; every account finds those too.
  Str account;
  Str former_account;  // an earlier name of the account, whose keys are found too; may be empty
  bool must_exist;     // ERR_FAILED for a SQLite file that is missing, instead of creating it
  bool
      create_late;  // creates a SQLite file that is missing with the first value, not when the store is opened
} StoreOptions;

// A relative PATH of "sqlite:PATH" starts at the working directory. ERR_USAGE as store_url_check; ERR_FAILED if a
// SQLite file cannot be opened or is not a database, or a newer version wrote the data. A Redis that is away is
// connected to later. The password of a URL appears in no text. The log has one line when the store fails, and one when
// it works again.
Store *store_open(Str url, Err *err);
Store *store_open_with(const StoreOptions *options, Err *err);  // the options are not kept
// Makes the waiting calls (delayed ones fail with ERR_BUSY), then closes. Not from `done`. NULL is allowed.
void store_close(Store *store);
// Whether the last call that reached the backend worked; if not, `err` has the reason. Does not wait: for health pages.
bool store_healthy(Store *store, Err *err);
// Returns how long, in milliseconds, the store may lack what other processes did while it was away; 0: it lacks
// nothing, or nobody can tell. While it is away, as long as after its return.
int64_t store_settles_ms(Store *store);
// Returns what must be set up otherwise, lest the store lose what it has, and how; NULL: nothing, or no call has worked
// yet. The log has it too.
const char *store_advice(const Store *store);
// Whether any call has worked since the store was opened.
bool store_has_worked(Store *store);
const char *store_kind(const Store *store);  // "memory", "sqlite" or "redis"
bool store_is_shared(
    const Store *store);  // whether other processes can open its URL and find its data
typedef enum {
  STORE_ALONE,      // no other process has it open
  STORE_MET,        // another process has it open
  STORE_CANNOT_SEE  // this kind of store cannot tell
} StoreCompany;
// Cheap, from any thread. A process that has just opened it is seen a millisecond later.
StoreCompany store_company(const Store *store);
// Whether no other process has it open, nor was seen to have it since `since_us` (monotonic): what was read of the
// store after that is still all that it has, but for this process's own writes. False for a kind that cannot tell.
bool store_alone_since(const Store *store, int64_t since_us);
// Whether no call is being made or waits for its turn, and each `done` of earlier ones has returned; delayed ones count
// once they are due.
bool store_is_quiet(Store *store);

// Waits for the next page of the keys with a prefix, those after `after`, which gets the page's last key, and calls
// `each` with every key of it. *more: whether there may be another page. False if the store is away: `after` stays.
// SQLite finds a page by its index; the others look at all their keys for each page, and make it large.
bool store_list_page(Store *store, Str prefix, Buf *after, void (*each)(void *ctx, Str key),
                     void *ctx, bool *more);

// Copies `call` and queues it; from any thread. False, without calling `done`, if there is no memory, store_close
// began, or `call` breaks a rule above (ERR_USAGE). While Redis is away a call fails within a second.
bool store_call(Store *store, const StoreCall *call, StoreDone done, void *ctx, Err *err);
void store_reply_free(StoreReply *reply);  // NULL is allowed

// Makes the call on this thread if that takes microseconds: SQLite's file is on a fast disk, no other process has it
// open, and no earlier call waits. NULL if it was not made: use store_call. Free the reply.
StoreReply *store_call_now(Store *store, const StoreCall *call);

// The same as store_call, but waits for the reply: for tests, tools and threads that may block, never on the loop. Free
// the reply.
// NULL if store_call returns false.
StoreReply *store_call_wait(Store *store, const StoreCall *call, Err *err);

#endif
