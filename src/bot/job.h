// A job: one message being answered. The script runs once for it, however many requests wait for its answer.
// It is counted by its requests and by its run.
#ifndef WEMOON_BOT_JOB_H
#define WEMOON_BOT_JOB_H

#include <stdatomic.h>

#include "base/trail.h"
#include "script/message.h"
#include "script/said.h"

typedef struct Job {
  // Set by its maker, not changed afterwards.
  void *owner;             // whose message it is: for the callback that gets the script's answer
  Str identity;            // what duplicates are known by; in `arena`
  Str to_user, from_user;  // of the message; in `arena`
  Str msgid;               // what the log knows the message by (outcome.h); in `arena`
  bool is_event;
  bool is_silent;        // its user sees no reply
  int attempt;           // the tries of the message that dedupe has seen, this one included
  uint32_t known;        // one more than the number of dedupe's entry for it; 0: none
  void *claim;           // peers' claim of it
  Said said;             // parts of the answer, before the script's end
  atomic_int tries;      // that all processes of the store have seen, as far as is known
  Trail *trail;          // where what it causes is noted down, held; NULL: nowhere
  atomic_bool last_try;  // the platform will not try again
  Str kept;  // what stands before its reply (bot/kept.h), packed, in `arena`; usually empty
  atomic_bool kept_waits;  // it has not been put there yet
  const char *kept_as;     // its outcome, where it was answered with what was kept; else NULL
  atomic_bool held;        // its answer, or the promise of it, is among what is kept
  atomic_int api_calls;    // that the script has made for it so far
  int64_t started_us;
  // Set when the script has answered; read after job_wait said so.
  TaskState state;
  Reply reply;     // REPLY_NONE: `success`; what it points to is in `arena`
  Str rest;        // of a long text, what did not fit
  Str place;       // where the script failed; empty: it did not. Set before job_finish
  bool is_packed;  // `packed` stands for it instead (script/packed_reply.h), in `arena`
  Str packed;
  int64_t answered_s;  // Unix seconds: CreateTime of the reply, the same for every duplicate
  Arena *arena;
} Job;

// One request that waits for the answer; its owner's, as long as it waits.
typedef struct JobWaiter {
  // The job has its answer. On the thread that brought it; must not block.
  void (*answered)(struct JobWaiter *waiter);
  struct JobWaiter *next;
} JobWaiter;

typedef struct JobPool JobPool;

JobPool *job_pool_new(void);
void job_pool_free(JobPool *pool);  // all jobs have been released
// A job with an empty arena, begun at `started_us` (monotonic), held once by the caller. It expects the request
// that it was made for. NULL without memory.
Job *job_new(JobPool *pool, int64_t started_us);
Job *job_retain(Job *job);
void job_release(Job *job);  // the last one gives it back to its pool

// Another request for the same message came, and will wait (job_join, or job_wait). False if the answer is
// there already.
bool job_expect(Job *job);
// A request that is expected waits from now on: `answered` is called once. False if the answer is there
// already: it is not.
bool job_join(Job *job, JobWaiter *waiter);

typedef enum {
  JOB_ANSWERED_BEFORE,  // the request was, or is about to be, answered otherwise: the reply will be late
  JOB_HELD,             // it stays unanswered until the platform tries again
  JOB_CLIENT_GONE       // nobody is there to be answered
} JobLeave;
// A request that is expected, or waits, does so no longer. `waiter`: the one that joined, or NULL. False if the
// answer is on its way to it: nothing was done.
bool job_leave(Job *job, JobWaiter *waiter, JobLeave why);
// Waits here and now until the script has answered or `deadline_us` (monotonic) has come. False at the
// deadline: the request has left (JOB_ANSWERED_BEFORE).
bool job_wait(Job *job, int64_t deadline_us);

// The script has come to its answer, and the calling thread is about to call job_finish: job_leave comes too
// late from now on. Returns what job_finish will.
bool job_settle(Job *job);
// The script has answered: tells all who wait. `reply` is copied, what it points to lives in the job's arena;
// NULL: none. Returns whether every request was answered before, so that the reply is late.
bool job_finish(Job *job, TaskState state, const Reply *reply, Str rest);
// The same with the packed form of its answer, which is in the job's arena.
void job_finish_packed(Job *job, Str packed, int64_t answered_s);
bool job_is_finished(Job *job);
// Whether a request was answered before (JOB_ANSWERED_BEFORE).
bool job_is_owed(Job *job);
// Whether its script should still begin: a request waits, or was answered with the promise of a reply, or the
// job is younger than the platform's patience.
bool job_is_wanted(Job *job, int64_t now_us);

#endif
