// What the live desk shows of a bot as it happens: messages, replies, outcomes, and the warnings and errors of the log.
// While nobody looks only warnings and errors are kept, and a message costs one read of a flag. Any thread.
#ifndef WEMOON_BOT_LIVE_H
#define WEMOON_BOT_LIVE_H

#include <stdatomic.h>

#include "base/buf.h"
#include "base/log.h"
#include "bot/outcome.h"

typedef struct {
  atomic_bool watched;
} LiveGate;

// Begins with its LiveGate.
typedef struct Live Live;

Live *live_new(void);        // NULL without memory
void live_free(Live *live);  // when nothing is put in any more; NULL is allowed

// Whether somebody looks: only then what follows is worth the call. NULL: nobody does.
static inline bool live_is_watched(const Live *live) {
  return live && atomic_load_explicit(&((LiveGate *)live)->watched, memory_order_relaxed);
}

// What a message is known by, and when (monotonic) it happened. Texts are copied, long ones in part.
typedef struct {
  Str openid, msgid;
  int64_t at_us;
} LiveSubject;
void live_message(Live *live, const LiveSubject *of, Str type, Str document);
void live_reply(Live *live, const LiveSubject *of, Str document);
void live_outcome(Live *live, const LiveSubject *of, const Outcome *outcome);
// A line of the log, below LOG_WARN ignored. For log_tap: `ctx` is the Live.
void live_line(void *ctx, LogLevel level, Str message);

// Somebody looks from now on, for some seconds.
void live_look(Live *live, int64_t now_us);
// The number of the newest event; 0: there was none.
uint64_t live_newest(Live *live);
// Appends what came after the event `*after`, the newest `max` of it, as the members of a JSON array, and sets *after to
// the newest. Returns how many were left out, or are gone already. Secrets are masked, openids written as the log has them.
uint64_t live_read(Live *live, uint64_t *after, size_t max, Buf *json);
// Appends a member of a JSON object: ,"name":text with known secrets masked; "openid":openid as the log writes it.
void live_add_text(Buf *json, const char *name, Str text);
void live_add_openid(Buf *json, Str openid);
// Appends the warnings and errors that are kept, oldest first.
void live_lines(Live *live, size_t max, Buf *json);

#endif
