// The interpreters in service, each at an index of its own, and how they are replaced: a reload
// replaces all of them, a fresh interpreter replaces a stuck one. Messages under way keep the
// interpreter that they began on.
#ifndef WEMOON_BOT_POOL_H
#define WEMOON_BOT_POOL_H

#include "base/metrics.h"
#include "script/interpreter.h"

#include <time.h>

typedef struct Pool Pool;

// Loads `script` into `count` interpreters; NULL with the reason. Timers that the script makes
// while it is loaded tick in the first interpreter only. `start_broken`: if the script fails
// (ERR_FAILED), a stand-in that answers each message with an error is in service until pool_reload
// loads the mended script, and pool_status has the error. Options, path and metrics (NULL: none)
// outlive the pool.
Pool *pool_new(const char *script, const InterpreterOptions *options, size_t count,
               bool start_broken, Metrics *metrics, Err *err);
// Sets the callback for later loads (bot.h, on_load). Call it before the pool is shared.
void pool_listen(Pool *pool, void (*on_load)(void *ctx, const char *error), void *ctx);
// Calls on_unload in each interpreter, and releases them.
void pool_free(Pool *pool);
size_t pool_count(const Pool *pool);
// The interpreter at that index, retained for the caller. Never NULL.
Interpreter *pool_get(Pool *pool, size_t index);
// The interpreter for the next message, retained for the caller: a free one, else the one with the
// fewest waiting. Never NULL.
Interpreter *pool_pick(Pool *pool);
// Loads the script anew beside the interpreters in service. If all new ones load and define
// on_message, each takes the state from the old one at its index (on_unload, on_load), and all take
// over at once. False with the reason: the old ones stay. One at a time.
bool pool_reload(Pool *pool, Err *err);
typedef struct {
  char place[256];  // where it was stuck; empty: unknown
  size_t ended;  // what waited in it and ended with it: messages, pages, timers, spawned functions
} PoolStuck;
// Gives the interpreter in that index up when it is stuck and puts a fresh one in its place: of the files as
// they are, and where these do not load (pool_status has why, until they are mended), of what they were when
// the stuck one was loaded. True when that happened. Waits for no pool_reload; one thread at a time. When no fresh one
// can be had (`err` says why), the next call tries again. `stuck` is all zero before the first call, and keeps what the
// calls for one interpreter have found.
bool pool_replace_stuck(Pool *pool, size_t index, PoolStuck *stuck, Err *err);
// The same for one whose memory is full: what it has under way goes on there. False with the reason; without one, it
// is not in service any more.
bool pool_replace_full(Pool *pool, size_t index, Interpreter *full, Err *err);
// Lets go of interpreters that were given up while conversations held them. From time to time.
void pool_sweep(Pool *pool);
// Moves messages that wait at one interpreter to another one that is free. From time to time.
void pool_balance(Pool *pool);
// Makes timers look at the clock again (interpreter_wake).
void pool_wake(Pool *pool);
// Whether none of those in service runs, or has something to run now. It may have changed when the caller looks at it.
bool pool_is_quiet(Pool *pool);
// When the next of their timers is due (monotonic); INT64_MAX: there is none.
int64_t pool_next_timer_us(Pool *pool);
// The files a change of which asks for a reload, those of the last load that failed included. In `arena`.
bool pool_files(Pool *pool, Arena *arena, Pairs *files);

// Loads so far, the error of the last one (empty if it worked), and the memory in use: for health
// pages and the log.
typedef struct {
  uint64_t loads, failures;
  struct timespec began;  // when the last one began, on the clock that stamps files
  size_t memory,
      memory_max;  // bytes in use by Lua: of all in service, and of the one that has most
  char error[480];
} PoolStatus;
void pool_status(Pool *pool, PoolStatus *status);

#endif
