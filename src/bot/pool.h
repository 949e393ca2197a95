// The interpreters in service, each at its own index, and their replacement: a reload replaces all of them, a fresh
// interpreter replaces a stuck one. Messages under way keep the interpreter in which they began.
#ifndef WEMOON_BOT_POOL_H
#define WEMOON_BOT_POOL_H

#include "base/metrics.h"
#include "script/interpreter.h"

#include <time.h>

typedef struct Pool Pool;

// Loads `script` into `count` interpreters. Returns NULL with the reason on failure. Timers that the script creates
// during the load run in the first interpreter only. `start_broken`: if the script fails (ERR_FAILED), a stand-in that
// answers each message with an error is in service until pool_reload loads the corrected script, and pool_status has
// the error. Options, path and metrics (NULL: none) outlive the pool.
Pool *pool_new(const char *script, const InterpreterOptions *options, size_t count,
               bool start_broken, Metrics *metrics, Err *err);
// Sets the callback for later loads (bot.h, on_load). Call it before the pool is shared.
void pool_listen(Pool *pool, void (*on_load)(void *ctx, const char *error), void *ctx);
// Calls on_unload in each interpreter, releases the interpreters and frees the pool.
void pool_free(Pool *pool);
size_t pool_count(const Pool *pool);  // interpreters in service
// Returns the interpreter at `index`, retained for the caller. Never NULL.
Interpreter *pool_get(Pool *pool, size_t index);
// Returns the interpreter for the next message, retained for the caller: a free one, else the one with the fewest
// waiting messages. Never NULL.
Interpreter *pool_pick(Pool *pool);
// Loads the script again beside the interpreters in service. If all new interpreters load and define on_message, each
// takes the state from the old one at its index (on_unload, on_load), and all go into service at once. Otherwise
// returns false with the reason, and the old ones stay in service. Reloads run one at a time.
bool pool_reload(Pool *pool, Err *err);
typedef struct {
  char place[256];  // where the script was stuck; empty: unknown
  char subject_text[LOG_SUBJECT_SIZE];
  LogSubject subject;  // whose script was stuck, in subject_text
  TaskLosses losses;   // the tasks that waited in it: messages, pages, timers, spawned functions
} PoolStuck;
// If the interpreter at `index` is stuck, gives it up, puts a fresh one in its place and returns true. The fresh
// interpreter loads the current files or, if these do not load (pool_status has the error until they are corrected),
// the files as they were when the stuck one was loaded. Does not wait for pool_reload. Call it from one thread at a
// time. If no fresh interpreter can be created (`err` has the reason), the next call tries again. `stuck` is all zero
// before the first call and collects the findings of all calls for one interpreter.
bool pool_replace_stuck(Pool *pool, size_t index, PoolStuck *stuck, Err *err);
// Does the same for the interpreter `full`, whose memory is full: its tasks under way continue in it. Returns false
// with the reason, or without a reason if `full` is not in service any more.
bool pool_replace_full(Pool *pool, size_t index, Interpreter *full, Err *err);
// Releases interpreters that were given up while conversations held them. Call it from time to time.
void pool_sweep(Pool *pool);
// Moves waiting messages from one interpreter to another one that is free. Call it from time to time.
void pool_balance(Pool *pool);
// Makes timers read the clock again (interpreter_wake).
void pool_wake(Pool *pool);
// Returns whether no interpreter in service runs a script or has one to run now. The result may be out of date when the
// caller reads it.
bool pool_is_quiet(Pool *pool);
// The time at which the next timer is due (monotonic); INT64_MAX: none.
int64_t pool_next_timer_us(Pool *pool);
// Gets the files a change of which demands a reload, including those of the last failed load, in `arena`. Returns false
// without memory.
bool pool_files(Pool *pool, Arena *arena, Pairs *files);

// The loads so far, the last load's error (empty if it worked), and the memory in use, for health pages and the log.
typedef struct {
  uint64_t loads, failures;
  struct timespec began;  // start of the last load, by the clock of file timestamps
  size_t memory,
      memory_max;  // bytes in use by Lua: of all interpreters in service, and of the largest
  char error[480];
} PoolStatus;
void pool_status(Pool *pool, PoolStatus *status);

#endif
