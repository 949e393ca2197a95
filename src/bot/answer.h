// The answer to a callback: written by its thread or, once its connection is parked, on the loop.
#ifndef WEMOON_BOT_ANSWER_H
#define WEMOON_BOT_ANSWER_H

#include "base/log.h"
#include "bot/verify.h"
#include "bot/webhook.h"
#include "net/parked.h"

enum { ANSWER_TYPE_MAX = 48, ANSWER_TRIES = 3 };  // the platform's

// One request on the callback path, from its arrival to its answer.
typedef struct {
  Webhook *webhook;
  HttpRequest *request;  // NULL once its connection is parked
  Parked *parked;        // NULL while its thread has the connection; answering ends it
  Workspace *w;          // of the thread that answers
  const Credential *credential;
  bool sealed;
  bool closes;  // the connection closes after its answer
  int64_t received_us, deadline_us;
  // For the log and the figures.
  Str type, sender, msgid;  // of its message; empty if it has none
  Str account;              // appid; if that is not configured, the message's addressee
  Trail *trail;             // of its message (capture.h), its job's; or NULL
  int64_t created_s;        // CreateTime of its message, Unix seconds; 0: unknown
  int attempt;              // tries of the message that this process has seen, including this one
  const char *outcome;      // NULL: the request was handed on
  int api_calls;
  Str place;  // where the script failed; empty: it did not
} Callback;

// Each of these answers the request.
void answer_with(Callback *c, int status, Str body);
void answer_refuse(Callback *c, int status, const char *why);
void answer_success(Callback *c);
// Closes without a byte: the platform counts that as no answer, and tries again.
void answer_nothing(Callback *c);
// Closes without a byte what has not been answered; the outcome stays.
void answer_hang_up(Callback *c);
// What its finished job came to.
void answer_job(Callback *c, const Job *job);
// What a duplicate was answered with before (script/packed_reply.h). `from_user`, `to_user`: of the message.
void answer_packed(Callback *c, Str packed, Str from_user, Str to_user, int64_t answered_s);

// What becomes of a reply to the job's message that misses its deadline, as configured and as the platform allows:
// never LATE_AUTO.
LateReply answer_late_way(const Webhook *webhook, Job *job);
// Whether a request whose deadline has come stays unanswered, so that the platform tries again.
bool answer_awaits_retry(const Callback *c, Job *job);
// Whether the platform will not try again: it is the third try, of those that all processes of the store have
// seen, or it arrived 9 s or more after the message was made.
bool answer_is_last_try(const Callback *c, const Job *job);
// The deadline has come before the script's end: what was said by now, late_text where nothing can be sent later, else
// `success`; and the job owes the rest from now on. The one place where that is so.
void answer_owed(Callback *c, Job *job);

// Makes the log lines that this thread writes from now on be about its message (log_about).
LogSubject answer_begin_lines(const Callback *c);
// One line of the log, and the figures. Once, after its answer.
void answer_tell(const Callback *c);

#endif
