// Streams of live events to open desks (Server-Sent Events), without a thread of their own: each stream waits on the
// loop and gets new events four times a second. A client that reads too slowly misses events, which are counted.
#ifndef WEMOON_BOT_DESK_STREAM_H
#define WEMOON_BOT_DESK_STREAM_H

#include "bot/desk_login.h"
#include "bot/live.h"
#include "net/parked.h"

enum { DESK_STREAMS_MAX = 16 };

typedef struct DeskStreams DeskStreams;

// All arguments outlive the streams. Returns NULL without memory.
DeskStreams *desk_streams_new(Loop *loop, Live *live, DeskLogin *login);
// Ends the open streams and frees them. No request may arrive any more. NULL is allowed.
void desk_streams_free(DeskStreams *streams);
// Answers a request in place of server_respond, on the request's thread, with the events after its Last-Event-ID, or
// with the events from now on. The caller has checked the session. Answers 503 if DESK_STREAMS_MAX streams are open.
void desk_streams_begin(DeskStreams *streams, HttpRequest *request, Str cookies);

#endif
