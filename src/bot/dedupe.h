// Knows which messages are being answered and which were answered, so that the script runs once however often the
// platform tries. An answered message is known for the whole window, however many there are.
//
// Whole, with its answer, it takes about 160 bytes. So known are the last DEDUPE_WHOLE of the window and, if more came
// within DEDUPE_WHOLE_S, those too: more than the time of the platform's tries, which end within 15 s of the first.
// Beyond DEDUPE_WHOLE_MAX, and after that time, the oldest become compact: a digest of 25 to 31 bytes, whose duplicate
// gets an empty answer. Long answers have a room of their own, and the oldest leave it first, with the same effect.
// The log says that answers were dropped. Only without memory for a compact one is a message forgotten, which the log
// says too. Of 10,000 messages a second for 60 s all are known, in less than 60 MB.
//
// A successor, and a process that joins this one on the store, are told of the whole ones alone (peers.h). They miss no
// try of the platform: its last one comes within 15 s of the first, when at up to 10,000 messages a second none is
// compact. A copy that somebody sends later may be run again there, if over DEDUPE_WHOLE messages came in the window.
#ifndef WEMOON_BOT_DEDUPE_H
#define WEMOON_BOT_DEDUPE_H

#include "base/buf.h"
#include "bot/job.h"

enum {
  DEDUPE_WHOLE = 60000,
  DEDUPE_WHOLE_S = 20,
  DEDUPE_WHOLE_MAX = 200000,             // 10,000 a second for DEDUPE_WHOLE_S
  DEDUPE_ANSWERS_MAX = 32 * 1024 * 1024  // bytes of long answers
};

typedef struct Dedupe Dedupe;

typedef enum {
  DEDUPE_NEW,      // the message is new: the caller's job answers it
  DEDUPE_RUNNING,  // *running is under way: retained for the caller, which waits for it
  // `answer` and *answered_s are the earlier answer and its time; empty and 0 if the message is known compact
  DEDUPE_ANSWERED,
  DEDUPE_NO_MEMORY
} DedupeResult;

// Returns NULL without memory. `window_s` 0: an answered message is forgotten at once.
Dedupe *dedupe_new(int64_t window_s);
void dedupe_free(Dedupe *dedupe);  // NULL is allowed
// Looks up `job->identity`. If it is new, registers `job` (held once more) until dedupe_finish or dedupe_forget. Sets
// `job->attempt` (up to 15 if it is known compact). `answer` gets the packed answer (script/packed_reply.h) of an
// answered message.
DedupeResult dedupe_enter(Dedupe *dedupe, Job *job, int64_t now_us, Job **running, Buf *answer,
                          int64_t *answered_s);
// Notes the job's answer: from now on duplicates get `answer`.
void dedupe_finish(Dedupe *dedupe, Job *job, Str answer, int64_t now_us);
// Makes `job->identity` known as answered with `success`, unless it is known; counts no try. Returns the job that is
// under way for it, retained for the caller; NULL: none.
Job *dedupe_mark(Dedupe *dedupe, Job *job, int64_t now_us);
// Forgets a job that was not run (the bot is full, the interpreter was given up): the platform's retry may run it.
void dedupe_forget(Dedupe *dedupe, Job *job);
// A message that is under way (`job`) or answered.
typedef struct {
  Job *job;  // NULL: the message is answered
  Str identity, answer;
  int64_t answered_s, expires_us;  // of an answered message
} DedupeSeen;
// Sees a message, while no message can enter or finish; must not call dedupe. False: no more are to be shown.
typedef bool (*DedupeVisit)(void *ctx, const DedupeSeen *seen);
// Shows each message under way (`visit` NULL: none). From now on dedupe_show_answered shows the messages that were
// answered before this call, as far as they are known whole, the newest first.
void dedupe_show(Dedupe *dedupe, DedupeVisit visit, void *ctx);
// Shows up to `most` more of them. Returns whether there are more still; those that expire or become compact meanwhile
// are not shown.
bool dedupe_show_answered(Dedupe *dedupe, size_t most, DedupeVisit visit, void *ctx);
// Returns a time (monotonic) before which all messages expire that were answered before this call, and none that are
// answered later; 0: none was ever answered.
int64_t dedupe_divide(Dedupe *dedupe);
// Removes what has expired, and gives its memory back where it is over a megabyte and a quarter of what there was;
// messages that finish remove only some of it. It works in steps with pauses, in which messages come and go, for a few
// milliseconds, and removes or moves about 3,000 messages at most. Returns whether there is more to do: call it again
// then. Call it some times a second.
bool dedupe_sweep(Dedupe *dedupe, int64_t now_us);
// Returns the number of answered messages that are kept now.
size_t dedupe_count(Dedupe *dedupe);
// Returns the bytes that they and the messages under way take, long identities excepted.
size_t dedupe_bytes(Dedupe *dedupe);

#endif
