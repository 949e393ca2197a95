// A script runs its first slice on its request's thread. If it is stuck there in a call that cannot be interrupted,
// that thread cannot keep the deadline: a watching thread answers in its place.
#ifndef WEMOON_BOT_OVERDUE_H
#define WEMOON_BOT_OVERDUE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Overdue Overdue;  // all runs that may be watched

// A place that runs one script at a time. The caller owns its memory, which must last from overdue_join until
// overdue_free. Beginning and ending a run cost one atomic operation each: no lock, no memory that other threads write.
typedef struct OverdueRun {
  atomic_int state;
  atomic_int_least64_t deadline_us;  // monotonic
  bool (*answer)(void *ctx);         // called on the watching thread, until it returns true
  void *ctx;
  struct OverdueRun *next;
} OverdueRun;

Overdue *overdue_new(void);           // NULL without memory
void overdue_free(Overdue *overdue);  // NULL is allowed
// Adds a run, which has not begun, to those that are watched. It stays there until `overdue` is freed.
void overdue_join(Overdue *overdue, OverdueRun *run);
// Begins a run. `answer` returns whether it answered: it returns false if the run has just ended.
void overdue_begin(OverdueRun *run, int64_t deadline_us, bool (*answer)(void *ctx), void *ctx);
// Ends a run. Returns true if the watching thread answered: then the caller must not write an answer. Waits for an
// answer that is being written.
bool overdue_end(OverdueRun *run);
// Answers for the runs whose deadline has come. Call it from one thread at a time.
void overdue_answer_due(Overdue *overdue, int64_t now_us);

#endif
