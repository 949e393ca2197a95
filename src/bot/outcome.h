// What became of one try of a message: one line of the log, and the figures.
#ifndef WEMOON_BOT_OUTCOME_H
#define WEMOON_BOT_OUTCOME_H

#include "base/log.h"
#include "base/metrics.h"
#include "wechat/message.h"

typedef struct {
  Str type;  // msg.type; empty: the request was refused before it was known to be a message
  // replied, success, late, late_text, kept, duplicate, unanswered, failed, refused or lost; verified for the
  // platform's look at the URL
  const char *outcome;
  int attempt;  // the platform's tries of this message that this process has seen, this one included
  int64_t us;   // from the request's arrival to its answer
  int api_calls;
  Str account;  // appid, or where that is not configured whom the message is for
  Str place;    // where the script failed; empty: it did not
} Outcome;

// Appends what a message is known by in the log: its MsgId, of one that has none "e:CREATETIME:EVENT:KEY".
void outcome_msgid(const MessageHead *head, Buf *out);
// `metrics` NULL: nothing is counted. The line's subject is the caller's (log_about).
void outcome_tell(const Outcome *outcome, Metrics *metrics);

#endif
