// A parked connection: its request was read, its answer comes later. It holds no thread: it waits on the loop, is
// answered at once or piece by piece, and is closed.
//
// Bytes that the client sends meanwhile are dropped. A client that has closed its sending half may still read; one that
// has closed the connection looks the same until something is sent to it.
#ifndef WEMOON_NET_PARKED_H
#define WEMOON_NET_PARKED_H

#include "net/loop.h"
#include "net/server.h"

typedef enum {
  PARKED_OPEN,
  PARKED_HALF_CLOSED,  // the client has closed its sending half, or the whole connection
  PARKED_GONE          // the connection was reset, or a write failed
} ParkedState;

typedef struct {
  void (*changed)(void *ctx);  // the state has changed
  // Everything given to parked_send was sent. Not called after parked_end. May be NULL.
  void (*sent)(void *ctx);
  void *ctx;
} ParkedWatcher;

// All of these on the loop thread only. Call parked_watch once, before the others. False if the system refuses: the
// connection is closed and `parked` freed.
bool parked_watch(Parked *parked, Loop *loop, const ParkedWatcher *watcher);
ParkedState parked_state(const Parked *parked);
// Writes the whole answer, closes, and frees `parked`; the watcher is not called any more. The client has 5 s for it,
// and 1 s more for each 16,000 bytes. If too many are slow, the slowest is cut off (net/unsent.h).
void parked_respond(Parked *parked, const HttpResponse *response);
// The same with a status and its name.
void parked_respond_status(Parked *parked, int status);
// Closes it without a further byte, and frees `parked`.
void parked_close(Parked *parked);
// Begins a streamed answer, which ends with the connection: writes its head and `response->body`.
void parked_begin(Parked *parked, const HttpResponse *response);
// Sends more of it. False if the client has gone.
bool parked_send(Parked *parked, Str bytes);
// Whether the system has taken everything; if not, `sent` will be called.
bool parked_is_sent(const Parked *parked);
// Closes it once everything is sent, and frees `parked`; in the same time as parked_respond.
void parked_end(Parked *parked);

#endif
