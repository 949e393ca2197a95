// Records messages and their answers: one JSON object per line, {"t":Unix
// seconds,"in":document,"out":reply,"late":[...],"calls":[...]}.
#ifndef WEMOON_BOT_CAPTURE_H
#define WEMOON_BOT_CAPTURE_H

#include "base/err.h"
#include "base/trail.h"

typedef struct Capture Capture;

enum {
  CAPTURE_FILE_MAX = 64 << 20,
  CAPTURE_FILES = 5
};  // bytes of one file; FILE and FILE.1 to
    // FILE.4

// Opens a capture that appends lines to the file `path` (mode 0600) on a thread of its own: callers never wait, and
// lines that the disk does not take in time are dropped and logged, and so are those for a pipe whose reader takes
// nothing for a second. Returns NULL, with ERR_USAGE if the file cannot be opened.
Capture *capture_open(const char *path, Err *err);
// Whether capture_open could open the file now; makes none.
bool capture_would_open(const char *path, Err *err);
// Opens a capture that passes each line, without its newline, to `take`, on the thread that ends the trail.
Capture *capture_to(void (*take)(void *ctx, Str line), void *ctx, Err *err);
// Writes what is left; later notes are not written. NULL is allowed here and in capture_close.
void capture_end(Capture *capture);
// Does the same as capture_end, and frees the capture. No trail may be open.
void capture_close(Capture *capture);

// Begins the trail of a message that arrived at `received_us` (monotonic). The caller holds the trail. Returns NULL
// without memory. `openid` is the document's sender. `is_utf8`: the document is known to be.
Trail *capture_begin(Capture *capture, Str document, bool is_utf8, Str openid, int64_t received_us);
// Notes that a request for the message was answered with `xml` ("": `success`), which is clean, as reply_render makes
// it. Of several answers, the first that shows something counts.
void capture_answer(Trail *trail, Str xml);
// Returns the document with which the trail began.
Str capture_document(const Trail *trail);

#endif
