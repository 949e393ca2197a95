// A job: one message being answered. The script runs once for it, however many requests wait for its answer.
#ifndef WEMOON_BOT_JOB_H
#define WEMOON_BOT_JOB_H

#include <stdatomic.h>

#include "script/message.h"

typedef struct Job {
  // Set by its maker, not changed afterwards.
  void *owner;             // whose message it is: for the callback that gets the script's answer
  Str identity;            // what duplicates are known by; in `arena`
  Str to_user, from_user;  // of the message; in `arena`
  bool is_event;
  uint32_t known;        // one more than the number of dedupe's entry for it; 0: none
  void *claim;           // peers' claim of it
  atomic_int api_calls;  // that the script has made for it so far
  int64_t started_us;
  // Set when the script has answered; read after job_wait said so.
  TaskState state;
  Reply reply;         // REPLY_NONE: `success`; what it points to is in `arena`
  Str rest;            // of a long text, what did not fit
  int64_t answered_s;  // Unix seconds: CreateTime of the reply, the same for every duplicate
  Arena *arena;
} Job;

typedef struct JobPool JobPool;

JobPool *job_pool_new(void);
void job_pool_free(JobPool *pool);  // all jobs have been released
// A job with an empty arena, begun at `started_us` (monotonic), held once by the caller. NULL without memory.
Job *job_new(JobPool *pool, int64_t started_us);
Job *job_retain(Job *job);
void job_release(Job *job);  // the last one gives it back to its pool

// The script has answered: wakes all who wait. `reply` is copied, what it points to lives in the job's arena;
// NULL: none. Returns whether nobody was waiting any more and every one who had waited left at a deadline:
// the reply is late.
bool job_finish(Job *job, TaskState state, const Reply *reply, Str rest);
// Waits until the script has answered or `deadline_us` (monotonic) has come. False at the deadline: whoever
// called has answered otherwise, and the reply will be late.
bool job_wait(Job *job, int64_t deadline_us);
// Marks the job as abandoned: its request was answered in its place, so the reply will be late. False if the
// script has answered already, or job_settle was called.
bool job_desert(Job *job);
// The script has come to its answer, and the calling thread is about to call job_finish: job_desert comes too
// late from now on, and those who wait do not leave any more. Returns what job_finish will.
bool job_settle(Job *job);
bool job_is_finished(Job *job);

#endif
