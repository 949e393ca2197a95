// Captures messages with their answers: one JSON object per line, {"t":Unix
// seconds,"in":document,"out":reply,"late":[...],"calls":[...]}.
#ifndef WEMOON_BOT_CAPTURE_H
#define WEMOON_BOT_CAPTURE_H

#include "base/err.h"
#include "base/trail.h"

typedef struct Capture Capture;

enum { CAPTURE_FILE_MAX = 64 << 20, CAPTURE_FILES = 5 };  // bytes of one; FILE and FILE.1 to FILE.4

// Appends lines to that file (mode 0600) from a thread of its own: callers never wait, and lines
// that the disk does not take in time are dropped, which is logged. ERR_USAGE if the file cannot be
// opened.
Capture *capture_open(const char *path, Err *err);
// Each line is given to `take`, without its newline, by the thread that ends the trail.
Capture *capture_to(void (*take)(void *ctx, Str line), void *ctx, Err *err);
// Writes what is left; later notes are not written. NULL is allowed, for both.
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
