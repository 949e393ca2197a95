// Events for the live desk: a bot's messages, replies and outcomes, and the warnings and errors of the log. While no
// desk is watching, only warnings and errors are kept, and a message costs one read of a flag. A desk shows a message
// whole or not at all: of those that come faster than it sends events, it shows the first of each quarter of a second
// and counts the others, and likewise of lines. Functions may be called from any thread.
#ifndef WEMOON_BOT_LIVE_H
#define WEMOON_BOT_LIVE_H

#include <stdatomic.h>

#include "base/buf.h"
#include "base/log.h"
#include "bot/outcome.h"

enum {
  LIVE_SENDS_EVERY_MS = 250,
  LIVE_SHOWN_AT_ONCE = 33,  // messages that begin within that time
  LIVE_LINES_AT_ONCE = 33,  // lines of the log within that time; they take no message's place
  // Events, each time that the desk sends some: a message has itself, its reply and its outcome, and the messages and
  // lines of two quarters of a second may come between two times.
  LIVE_SENT_AT_ONCE = 2 * (3 * LIVE_SHOWN_AT_ONCE + LIVE_LINES_AT_ONCE)
};

typedef struct {
  atomic_bool watched;
  atomic_int room;  // messages that are still shown before `renews_us`
  atomic_int_least64_t renews_us;
} LiveGate;

// Begins with its LiveGate.
typedef struct Live Live;

Live *live_new(void);        // NULL without memory
void live_free(Live *live);  // no thread may add events any more; NULL is allowed

// Returns whether a desk is watching: if not, skip live_message, live_reply and live_outcome. NULL: false.
static inline bool live_is_watched(const Live *live) {
  return live && atomic_load_explicit(&((LiveGate *)live)->watched, memory_order_relaxed);
}

// Returns whether the desk shows one more message, which arrives at `at_us`: if not, give its events to live_leave_out
// instead. `live` is not NULL.
static inline bool live_has_room(const Live *live, int64_t at_us) {
  LiveGate *gate = (LiveGate *)live;
  return atomic_load_explicit(&gate->room, memory_order_relaxed) > 0 ||
         at_us >= atomic_load_explicit(&gate->renews_us, memory_order_relaxed);
}

// The user and message of an event, and its time (monotonic). The functions below copy texts and truncate long ones.
typedef struct {
  Str openid, msgid;
  int64_t at_us;
} LiveSubject;
void live_message(Live *live, const LiveSubject *of, Str type, Str document);
void live_reply(Live *live, const LiveSubject *of, Str document);
// `of` says when the message arrived. `shown`: its reply, if live_reply did not add it, else empty; both are added at
// once.
void live_outcome(Live *live, const LiveSubject *of, Str shown, const Outcome *outcome);
// Counts events that the desk does not show.
void live_leave_out(Live *live, unsigned events);
// Adds a line of the log, with the thread's subject; ignores lines below LOG_WARN. For log_tap: `ctx` is the Live.
void live_line(void *ctx, LogLevel level, Str message);

// Notes that a desk watches, for some seconds from now.
void live_look(Live *live, int64_t now_us);
// Returns the number of the newest event, those that were left out included; 0: none yet.
uint64_t live_newest(Live *live);
// How far somebody has read. Who knows only the number of the event sets `at` to 0.
typedef struct {
  uint64_t after;  // the number of the event
  uint64_t at;     // for live_read: where the next one is
} LiveReader;
// Appends the newest `max` events after the reader's, as members of a JSON array, and moves the reader to the newest.
// Returns how many other events came since: left out, more than `max`, or no longer kept. Secrets are masked; openids
// are written as in the log.
uint64_t live_read(Live *live, LiveReader *reader, size_t max, Buf *json);
// Appends a member of a JSON object: ,"name":text with known secrets masked; "openid":openid as the log writes it.
void live_add_text(Buf *json, const char *name, Str text);
void live_add_openid(Buf *json, Str openid);
// Appends up to `max` of the warnings and errors that are kept, oldest first.
void live_lines(Live *live, size_t max, Buf *json);

#endif
