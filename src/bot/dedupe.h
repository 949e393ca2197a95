// Knows which messages are being answered and which were answered, so that the script runs once however often the
// platform tries. A message is known for a window, in about 160 bytes; long answers have a room of their own, and the
// oldest leave it first: then a duplicate gets an empty answer. What goes before its time is said in the log.
#ifndef WEMOON_BOT_DEDUPE_H
#define WEMOON_BOT_DEDUPE_H

#include "base/buf.h"
#include "bot/job.h"

enum {
  // Messages: 1,000 a second for a minute. Other processes are told of all of them when this one leaves.
  DEDUPE_ANSWERED_MAX = 60000,
  DEDUPE_ANSWERS_MAX = 32 * 1024 * 1024  // bytes of long answers
};

typedef struct Dedupe Dedupe;

typedef enum {
  DEDUPE_NEW,       // the message is new: the caller's job answers it
  DEDUPE_RUNNING,   // *running is under way: retained for the caller, which waits for it
  DEDUPE_ANSWERED,  // `answer` and *answered_s are the earlier answer and its time
  DEDUPE_NO_MEMORY
} DedupeResult;

// Returns NULL without memory. `window_s` 0: an answered message is forgotten at once.
Dedupe *dedupe_new(int64_t window_s);
void dedupe_free(Dedupe *dedupe);  // NULL is allowed
// Looks up `job->identity`. If it is new, registers `job` (held once more) until dedupe_finish or dedupe_forget. Sets
// `job->attempt`. `answer` gets the packed answer (script/packed_reply.h) of an answered message.
DedupeResult dedupe_enter(Dedupe *dedupe, Job *job, int64_t now_us, Job **running, Buf *answer,
                          int64_t *answered_s);
// Notes the job's answer: from now on duplicates get `answer`.
void dedupe_finish(Dedupe *dedupe, Job *job, Str answer, int64_t now_us);
// Forgets a job that was not run (the bot is full, the interpreter was given up): the platform's retry may run it.
void dedupe_forget(Dedupe *dedupe, Job *job);
// A message that is under way (`job`) or answered.
typedef struct {
  Job *job;  // NULL: the message is answered
  Str identity, answer;
  int64_t answered_s, expires_us;  // of an answered message
} DedupeSeen;
// Calls `visit` with each message, while no message can enter or finish. `visit` must not call dedupe.
void dedupe_each(Dedupe *dedupe, int64_t now_us, void (*visit)(void *ctx, const DedupeSeen *seen),
                 void *ctx);
// Returns the number of answered messages that are kept now.
size_t dedupe_count(Dedupe *dedupe);

#endif
