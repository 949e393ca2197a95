// A message's run: the script's first slice, at once on the request's thread or in its turn; and the handling of its
// reply.
#ifndef WEMOON_BOT_RUN_H
#define WEMOON_BOT_RUN_H

#include "bot/run_message.h"
#include "bot/webhook.h"

// Runs the first slice of an admitted job (ADMIT_JOB) on this thread, if an interpreter is likely to be free at once.
// The end of the run calls admission_leave. TASK_LOST: nothing was run. TASK_WAITING: the script continues on its own.
// Otherwise the job is finished.
TaskState run_here(Webhook *webhook, Job *job, const RunMessage *message);

// A message copied to its job's arena, to be run later. The run holds the job. NULL without memory.
typedef struct Run Run;
Run *run_keep(Webhook *webhook, Job *job, const RunMessage *message);
// Queues the run for its turn at an interpreter. It is not run if its answer is not wanted any more (job_is_wanted).
void run_in_turn(Run *run);
// Does the same for a message that another process had: that one may have put its run into the store, which this one
// must not overwrite before it has looked.
void run_take_over(Run *run);
Job *run_job(const Run *run);  // borrowed
// Lets the messages behind a run go on whose interpreter was given up in the run's first slice. Call it after an
// interpreter was given up; any thread.
void run_pass_given_up(Webhook *webhook);

enum { RUN_OWE_BEFORE_US = 200 * 1000 };  // how long before its answer a run is put into the store
// Puts the message into the store if it still waits for its turn: its request is about to be answered without it. Call
// it from any thread; does not wait for the store. `job` is held.
void run_owe(Job *job);
// Does the same as run_in_turn for a message of a process that has ended. The store has it as this process's, and its
// request was answered.
void run_resume(Run *run);

// Returns whether a later message of the user has cancelled this one, or the user was forgotten since
// (cancels_is_outdated): its answer is `success`, also if it is ready.
bool run_is_outdated(Webhook *webhook, const Job *job);

// Forgets a job that was not and will not be run: waiting requests are closed unanswered, and the platform's retry
// starts afresh.
void run_forget(Webhook *webhook, Job *job);
// Does the same for a job that was admitted and kept (run_keep).
void run_abandon(Run *run);
// Finishes the run with the answer of another process: `packed`, in the job's arena (script/packed_reply.h). Dedupe
// forgets the message, which that process may have left to this one (run_entry.h).
void run_answered_elsewhere(Run *run, Str packed, int64_t answered_s);

#endif
