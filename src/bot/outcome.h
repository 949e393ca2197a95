// The outcome of one try of a message: one log line, and the metrics.
#ifndef WEMOON_BOT_OUTCOME_H
#define WEMOON_BOT_OUTCOME_H

#include "base/log.h"
#include "base/metrics.h"
#include "wechat/message.h"

// Every outcome of a message, as the log, the metrics, the desk and the reference have it (words.outcomes of
// lua/docs/words.lua says what each means). "refused" is a request that was no valid message: only the metrics have it,
// with the type "none".
#define OUTCOMES                                                                                   \
  "replied", "success", "late", "late_text", "kept", "duplicate", "unanswered", "failed",          \
      "refused", "lost"

typedef struct {
  Str type;  // msg.type; empty: the request was refused before its message was parsed
  // a literal: one of OUTCOMES; "verified" for the platform's URL verification
  const char *outcome;
  int attempt;  // the platform's tries of this message that this process has seen, including this
                // one
  int64_t us;   // from the request's arrival to its answer
  int api_calls;
  Str account;  // appid; if no appid is configured, the message's addressee
  Str place;    // where the script failed; empty if it did not
} Outcome;

// Writes the log line and counts the metrics (NULL: none are counted). The caller sets the line's subject (log_about).
void outcome_tell(const Outcome *outcome, Metrics *metrics);

#endif
