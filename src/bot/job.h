// A job: one message being answered. The script runs once for it, however many requests wait for its answer. The
// requests and the run each hold a reference.
#ifndef WEMOON_BOT_JOB_H
#define WEMOON_BOT_JOB_H

#include <stdatomic.h>

#include "base/trail.h"
#include "script/message.h"
#include "script/said.h"

typedef struct Job {
  // Set by the creator, not changed afterwards.
  void *owner;             // the message's owner, for the callback that gets the script's answer
  Str identity;            // the key that identifies duplicates; in `arena`
  Str to_user, from_user;  // of the message; in `arena`
  Str msgid;               // the message's name in the log (outcome.h); in `arena`
  bool is_event;
  bool is_silent;  // its user sees no reply
  // A process that has ended answered its message: the others know it as answered, and it has no claim in peers.
  bool is_resumed;
  bool is_elsewhere;   // it was answered without a run, because another process has it in the store
  bool has_entry;      // the store has it, as this process's, before it is queued (bot/run_entry.h)
  int64_t lapses;      // KeptRun.lapses of its entry, which was claimed from a dead process
  bool awaits_script;  // its user's conversation is under way: it waits for its turn there
  int attempt;         // tries of the message that dedupe has seen, including this one
  uint32_t known;      // the number of dedupe's entry for the job, plus one; 0: none
  void *claim;         // the claim in peers
  // Its run that waits for its turn (bot/run.h), in `arena`; NULL: none.
  struct Run *_Atomic run;
  Said said;             // the parts of the answer that the script sent before its end
  atomic_int tries;      // tries that all processes on the store have seen, as far as known
  Trail *trail;          // records what the message causes, held; NULL: nothing is recorded
  atomic_bool last_try;  // the platform will not try again
  Str kept;  // the kept answer that precedes its reply (bot/kept.h), packed, in `arena`; usually
             // empty
  atomic_bool kept_waits;  // `kept` has not been joined to a reply yet
  atomic_bool taken;       // a run that this process took over answers its message late
  const char *kept_as;     // the outcome, if the answer is a kept answer; else NULL
  atomic_bool held;        // its answer, or a promise of it, is among the kept answers
  atomic_int api_calls;    // calls of the platform that the script has made so far
  int64_t created_s;       // CreateTime of its message, Unix seconds; 0: unknown
  int64_t started_us;
  // Set when the script has answered; read them after job_wait returned true.
  TaskState state;
  Reply reply;     // REPLY_NONE: `success`; its memory is in `arena`
  Str rest;        // the remainder of a text that is too long for one reply
  Str place;       // where the script failed; empty if it did not. Set before job_finish
  bool is_packed;  // the answer is `packed` instead (script/packed_reply.h), in `arena`
  Str packed;
  int64_t answered_s;  // Unix seconds: CreateTime of the reply, the same for every duplicate
  Arena *arena;
} Job;

// One request that waits for the answer. The caller owns it, and it must live as long as the request waits.
typedef struct JobWaiter {
  // Called when the job has its answer, on the thread that finishes the job; must not block.
  void (*answered)(struct JobWaiter *waiter);
  struct JobWaiter *next;
} JobWaiter;

typedef struct JobPool JobPool;

JobPool *job_pool_new(void);        // NULL without memory
void job_pool_free(JobPool *pool);  // all jobs must have been released
// Returns a job with an empty arena, started at `started_us` (monotonic), held once by the caller. It already expects
// one request, as by job_expect. Returns NULL without memory.
Job *job_new(JobPool *pool, int64_t started_us);
Job *job_retain(Job *job);
void job_release(Job *job);  // the last release returns it to its pool

// Counts another request for the same message, which will wait (job_join or job_wait). Returns false if the job already
// has its answer.
bool job_expect(Job *job);
// Makes an expected request wait from now on: `answered` is called once. Returns false if the job already has its
// answer: then `answered` is not called.
bool job_join(Job *job, JobWaiter *waiter);

typedef enum {
  JOB_ANSWERED_BEFORE,  // the request has another answer, or is about to get one: the reply will be
                        // late
  JOB_HELD,             // the request stays unanswered until the platform tries again
  JOB_CLIENT_GONE       // the client closed the connection
} JobLeave;
// Removes a request that is expected or waits. `waiter`: the waiter that joined, or NULL. Returns false, and does
// nothing, if the answer is on its way to the request.
bool job_leave(Job *job, JobWaiter *waiter, JobLeave why);
// Blocks until the script has answered or `deadline_us` (monotonic) has come. Returns false at the deadline: then the
// request has left (JOB_ANSWERED_BEFORE).
bool job_wait(Job *job, int64_t deadline_us);

// Announces that the script has its answer and that this thread is about to call job_finish: from now on job_leave is
// too late. Returns what job_finish will return.
bool job_settle(Job *job);
// Sets the script's answer and notifies every waiting request. Copies `reply` (NULL: none), but not what it points to,
// which must be in the job's arena. Returns whether every request was answered before, so that the reply is late.
bool job_finish(Job *job, TaskState state, const Reply *reply, Str rest);
// Does the same as job_finish with a packed answer, which is in the job's arena.
void job_finish_packed(Job *job, Str packed, int64_t answered_s);
bool job_is_finished(Job *job);   // job_finish was called
bool job_has_requests(Job *job);  // a request waits for its answer
// Returns whether a request was answered before the script (JOB_ANSWERED_BEFORE).
bool job_is_owed(Job *job);
// Returns whether the script should still begin: a request waits, or was answered with the promise of a reply, or the
// job is so young that the platform may still try again.
bool job_is_wanted(Job *job, int64_t now_us);

#endif
