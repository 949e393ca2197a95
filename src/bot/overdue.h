// A script runs its first slice on the thread of its request. When it is stuck there in a call that nothing
// interrupts, that thread cannot keep the deadline: a watching thread answers in its place.
#ifndef WEMOON_BOT_OVERDUE_H
#define WEMOON_BOT_OVERDUE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Overdue Overdue;  // all who may be watched

// One who runs a script at a time; its memory is the caller's, from overdue_join to the end of the Overdue. To
// begin and to end a run costs one atomic operation each: no lock, no memory that other threads write.
typedef struct OverdueRun {
  atomic_int state;
  atomic_int_least64_t deadline_us;  // monotonic
  bool (*answer)(void *ctx);         // called on the watching thread; once a run, when it says true
  void *ctx;
  struct OverdueRun *next;
} OverdueRun;

Overdue *overdue_new(void);           // NULL without memory
void overdue_free(Overdue *overdue);  // NULL is allowed
void overdue_join(Overdue *overdue, OverdueRun *run);
// `answer` says whether it answered: it does not where the run has just come to its end.
void overdue_begin(OverdueRun *run, int64_t deadline_us, bool (*answer)(void *ctx), void *ctx);
// The run came back. True when it was answered for: then nothing more may be written for it. Waits for an
// answer being written.
bool overdue_end(OverdueRun *run);
// Answers for the runs whose deadline has come. One thread at a time.
void overdue_answer_due(Overdue *overdue, int64_t now_us);

#endif
