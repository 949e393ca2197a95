// The server's listening socket. Debian's civetweb has no IPv6, does not say why it cannot listen, and cannot stop
// listening without ending the requests under way. So the socket is made here and replaces civetweb's own.
#ifndef WEMOON_NET_LISTENER_H
#define WEMOON_NET_LISTENER_H

#include "base/err.h"
#include "base/str.h"

typedef struct {
  int fd;             // the socket, or -1
  int second;         // a duplicate of the socket, for when `fd` was replaced
  int quiet;          // the eventfd that replaces it
  bool lent;          // `fd` is closed by its owner
  bool shared;        // another process has the socket too, and keeps serving it
  int port;           // as bound
  char address[128];  // "127.0.0.1:8080", "[::1]:8080", as bound
} Listener;

// Listens on "ADDRESS:PORT", "[IPV6]:PORT" or "PORT" (on 127.0.0.1). ERR_USAGE for any other text; ERR_FAILED if the
// address cannot be bound: the error says why, and how to find the process that has the port. Opens the descriptors for
// stopping too.
bool listener_open(Listener *listener, Str listen, int backlog, Err *err);
// Takes over `fd`, a listening socket that another process opened and keeps: connections made while no process serves
// wait in its backlog. ERR_USAGE if it is not a listening TCP socket; then it stays open.
bool listener_inherit(Listener *listener, int fd, Err *err);
// Moves it to the descriptor of this process's listening socket on 127.0.0.1:`port`, which it closes. Call it before
// that descriptor is polled.
bool listener_replace(Listener *listener, int port, Err *err);
// Stops accepting. The descriptor stays open and shows no events. Call it once.
void listener_quiet(Listener *listener);
// After listener_quiet: wakes the thread that polls the descriptor.
void listener_end(Listener *listener);
// Closes what is open, except the descriptor that listener_replace moved to civetweb.
void listener_close(Listener *listener);

#endif
