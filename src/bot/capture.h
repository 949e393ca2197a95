// Notes messages down with what they were answered: one JSON object a line,
// {"t":Unix seconds,"in":document,"out":reply,"late":[...],"calls":[...]}.
//
// `out` is the reply's document, "" for `success`, null for a message that was never answered. Secrets that the
// process knows are masked, and openids written as the log has them (base/secrets.h). A line is written when the last
// that worked for the message has ended.
#ifndef WEMOON_BOT_CAPTURE_H
#define WEMOON_BOT_CAPTURE_H

#include "base/err.h"
#include "base/trail.h"

typedef struct Capture Capture;

enum { CAPTURE_FILE_MAX = 64 << 20, CAPTURE_FILES = 5 };  // bytes of one; FILE and FILE.1 to FILE.4

// Lines go to the end of that file (mode 0600), written by a thread of its own: who notes something never waits, and
// what the disk does not take in time is dropped and said. ERR_USAGE if the file cannot be opened.
Capture *capture_open(const char *path, Err *err);
// Each line is given to `take`, without its newline, by the thread that ends the trail.
Capture *capture_to(void (*take)(void *ctx, Str line), void *ctx, Err *err);
// Writes what is left; what is noted after that is not written. NULL is allowed, for both.
void capture_end(Capture *capture);
// The same, and frees it. No trail is open.
void capture_close(Capture *capture);

// A message has come, at `received_us` (monotonic). The caller holds the trail; NULL without memory. `openid` is whom
// the document is from.
Trail *capture_begin(Capture *capture, Str document, Str openid, int64_t received_us);
// A request for it was answered so; of several answers the first that shows something counts. "": `success`.
void capture_answer(Trail *trail, Str xml);
// The document that it began with.
Str capture_document(const Trail *trail);

#endif
