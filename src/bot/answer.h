// The answer to a callback. The request's thread writes it or, once the connection is parked, the loop.
#ifndef WEMOON_BOT_ANSWER_H
#define WEMOON_BOT_ANSWER_H

#include "base/log.h"
#include "bot/verify.h"
#include "bot/webhook.h"
#include "net/parked.h"

enum { ANSWER_TYPE_MAX = 48, ANSWER_TRIES = 3 };  // ANSWER_TRIES: the platform's

// One request on the callback path, from its arrival to its answer.
typedef struct {
  Webhook *webhook;
  HttpRequest *request;  // NULL once its connection is parked
  Parked *parked;        // NULL while the thread has the connection; the answer ends it
  Workspace *w;          // the workspace of the answering thread
  const Credential *credential;
  bool sealed;
  bool closes;  // the connection closes after its answer
  int64_t received_us, deadline_us;
  // For the log and the metrics.
  Str type, sender, msgid;  // of its message; empty if the message has none
  Str account;              // appid; if no appid is configured, the message's addressee
  Trail *trail;             // its message's trail (capture.h), held by the job; or NULL
  int64_t created_s;        // CreateTime of its message, Unix seconds; 0: unknown
  int attempt;              // tries of the message that this process has seen, including this one
  const char *outcome;      // NULL: the request is not answered yet
  int api_calls;
  Str place;          // where the script failed; empty if it did not
  unsigned left_out;  // events of its message so far, which the desk does not show; 0: it shows all
  Str shown;  // the reply, in the workspace, if the desk is to get it with the outcome; else empty
} Callback;

// Each of these functions answers the request.
void answer_with(Callback *c, int status, Str body);
// With that HTTP status; the log and the body say `why`.
void answer_refuse(Callback *c, int status, const char *why);
void answer_success(Callback *c);
// Closes the connection without a byte: the platform counts that as no answer and tries again.
void answer_nothing(Callback *c);
// Closes the connection without a byte if the request is unanswered; the outcome is unchanged.
void answer_hang_up(Callback *c);
// Answers with the result of the finished job.
void answer_job(Callback *c, const Job *job);
// Answers a duplicate with the earlier answer (script/packed_reply.h). `from_user`, `to_user`: of the message.
void answer_packed(Callback *c, Str packed, Str from_user, Str to_user, int64_t answered_s);

// Returns how a reply to the job's message that misses its deadline is handled, as configured and as the platform
// allows. Never returns LATE_AUTO.
LateReply answer_late_way(const Webhook *webhook, Job *job);
// Returns whether a request whose deadline has come stays unanswered, so that the platform tries again.
bool answer_awaits_retry(const Callback *c, Job *job);
// Returns whether the platform will not try again: this is the third try that the processes on the store have seen, or
// it arrived 9 s or more after the message's CreateTime.
bool answer_is_last_try(const Callback *c, const Job *job);
// Answers a request whose deadline came before the script's end: with what the script has said so far, with late_text
// if nothing can be sent later, else with `success`. From now on the job owes the rest. No other function makes a job
// owe a reply.
void answer_owed(Callback *c, Job *job);

// Makes what the job's script says from now on late.
void answer_is_past(const Webhook *webhook, Job *job);

// Makes the callback's message the subject of this thread's later log lines. Returns the previous subject (log_about).
LogSubject answer_begin_lines(const Callback *c);
// Writes one log line and counts the metrics. Call it once, after the answer.
void answer_tell(const Callback *c);

#endif
