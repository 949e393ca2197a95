// A message's run: its script's first slice, here and now, or in its turn; and what becomes of its reply.
#ifndef WEMOON_BOT_RUN_H
#define WEMOON_BOT_RUN_H

#include "bot/webhook.h"

// What the script is given.
typedef struct {
  const NodeTree *tree;
  const MessageHead *head;
  Str document;
} RunMessage;

// The job was admitted (ADMIT_JOB), and is left by its run's end. Runs the first slice on this thread, if an
// interpreter is likely to be free at once. TASK_LOST: nothing was run. TASK_WAITING: its script goes on by
// itself. Else the job is finished.
TaskState run_here(Webhook *webhook, Job *job, const RunMessage *message);

// A message that is kept, in its job's arena, to be run later; the job is held until then. NULL without memory.
typedef struct Run Run;
Run *run_keep(Webhook *webhook, Job *job, const RunMessage *message);
// Waits for its turn at an interpreter and runs in it, unless its answer is not wanted any more.
void run_in_turn(Run *run);
Job *run_job(const Run *run);

// Nothing was or will be run: waiting requests are closed unanswered, and the platform's retry
// starts afresh.
void run_forget(Webhook *webhook, Job *job);
// The same of one that was admitted and kept.
void run_abandon(Run *run);
// It was answered by another process, with `packed`, in the job's arena (script/packed_reply.h).
void run_answered_elsewhere(Run *run, Str packed, int64_t answered_s);

#endif
