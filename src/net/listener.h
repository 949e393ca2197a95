// The socket that the server listens on. Debian's civetweb knows no IPv6, does not say why it cannot listen,
// and cannot stop listening without ending the requests under way. So it is made here and put in the place of
// one of civetweb's own. Inside net/ only.
#ifndef WEMOON_NET_LISTENER_H
#define WEMOON_NET_LISTENER_H

#include "base/err.h"
#include "base/str.h"

typedef struct {
  int fd;             // the socket; -1: none
  int second;         // the same socket, for when another file stands under `fd`
  int quiet;          // the eventfd that takes its place
  bool lent;          // `fd` is another's to close
  bool shared;        // another process has the socket too, and goes on with it
  int port;           // as bound
  char address[128];  // "127.0.0.1:8080", "[::1]:8080", as bound
} Listener;

// Listens on "ADDRESS:PORT", "[IPV6]:PORT" or "PORT" (of 127.0.0.1). ERR_USAGE for what is none of these,
// ERR_FAILED if it cannot be had: the error says why, and how to see who has a port that is taken. Gets all
// descriptors that stopping takes.
bool listener_open(Listener *listener, Str listen, int backlog, Err *err);
// Takes over the socket `fd`, on which another process, which keeps it, has begun to listen: what connects while
// nobody serves waits in its backlog. ERR_USAGE if it is no listening TCP socket.
bool listener_inherit(Listener *listener, int fd, Err *err);
// Puts it under the descriptor of this process's listening socket of 127.0.0.1:`port`, which is closed. To be
// called before anything polls that.
bool listener_replace(Listener *listener, int port, Err *err);
// Accepts nothing new. What polls or closes the descriptor finds it quiet, but open. Once.
void listener_quiet(Listener *listener);
// After listener_quiet: wakes what polls the descriptor.
void listener_end(Listener *listener);
// Closes what is open, but not a descriptor that listener_replace has put in another's place.
void listener_close(Listener *listener);

#endif
