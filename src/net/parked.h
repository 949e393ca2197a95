// A connection whose request was read and whose answer comes later. It has no thread: it waits on the loop, is
// answered by one write, or bit by bit, and is closed.
//
// What its client sends meanwhile is read and dropped. A client that ends its half of the connection may still
// read; one that has closed all of it looks the same until something is sent to it.
#ifndef WEMOON_NET_PARKED_H
#define WEMOON_NET_PARKED_H

#include "net/loop.h"
#include "net/server.h"

typedef enum {
  PARKED_OPEN,
  PARKED_HALF_CLOSED,  // the client has ended its half, or closed the whole
  PARKED_GONE          // the connection was reset, or nothing goes out any more
} ParkedState;

typedef struct {
  void (*changed)(void *ctx);  // the state is another
  // parked_send has sent all it was given. Not called for the last. NULL: nobody asks.
  void (*sent)(void *ctx);
  void *ctx;
} ParkedWatcher;

// Loop thread only, all of these. Watches it from now on; called once, before anything else. False if the
// system refuses: it is closed, and gone.
bool parked_watch(Parked *parked, Loop *loop, const ParkedWatcher *watcher);
ParkedState parked_state(const Parked *parked);
// Writes the whole answer and closes; the watcher is not called any more. `parked` is gone.
void parked_respond(Parked *parked, const HttpResponse *response);
// Closes it without a byte (or any more of them). `parked` is gone.
void parked_close(Parked *parked);
// Writes the head of an answer that ends with its connection, and `response->body` as its beginning.
void parked_begin(Parked *parked, const HttpResponse *response);
// Goes on with it. False if it is gone.
bool parked_send(Parked *parked, Str bytes);
// Whether the system has taken all of it: until then `sent` will be called.
bool parked_is_sent(const Parked *parked);
// Closes it once all is sent. `parked` is gone.
void parked_end(Parked *parked);

#endif
