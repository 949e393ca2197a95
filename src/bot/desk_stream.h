// Streams of live events to the desks that are open (Server-Sent Events), without a thread of their own: each waits on the
// loop and gets what is new four times a second. One that takes it too slowly gets less: what it missed is counted.
#ifndef WEMOON_BOT_DESK_STREAM_H
#define WEMOON_BOT_DESK_STREAM_H

#include "bot/desk_login.h"
#include "bot/live.h"
#include "net/parked.h"

enum { DESK_STREAMS_MAX = 16 };

typedef struct DeskStreams DeskStreams;

// All outlive it. NULL without memory.
DeskStreams *desk_streams_new(Loop *loop, Live *live, DeskLogin *login);
// Ends those that are open; no request comes any more. NULL is allowed.
void desk_streams_free(DeskStreams *streams);
// In place of server_respond, on the thread of the request, whose session is known: the events after its Last-Event-ID,
// or from now on. 503 where as many streams are open as may be.
void desk_streams_begin(DeskStreams *streams, HttpRequest *request, Str cookies);

#endif
