// The server's listening socket. Debian's civetweb has no IPv6, does not say why it cannot listen, and cannot stop
// listening without ending the requests under way. So the socket is made here; civetweb's own is replaced by a pipe of
// connections (net/arrivals).
#ifndef WEMOON_NET_LISTENER_H
#define WEMOON_NET_LISTENER_H

#include "base/err.h"
#include "base/str.h"
#include "net/tcp_state.h"

typedef struct {
  int fd;                          // the socket, or -1
  bool shared;                     // another process has the socket too, and keeps serving it
  int port;                        // as bound
  char address[TCP_ADDRESS_SIZE];  // "127.0.0.1:8080", "[::1]:8080", as bound
} Listener;

// Listens on "ADDRESS:PORT", "[IPV6]:PORT" or "PORT" (on 127.0.0.1). ERR_USAGE for any other text; ERR_FAILED if the
// address cannot be bound: the error says why, and how to find the process that has the port. Accepted connections are
// not delayed (TCP_NODELAY), and probed (SO_KEEPALIVE). One is given with its first bytes, or a second after it was
// made (TCP_DEFER_ACCEPT).
bool listener_open(Listener *listener, Str listen, int backlog, Err *err);
// Takes over `fd`, a listening socket that another process opened and keeps: connections made while no process serves
// wait in its backlog. ERR_USAGE if it is not a listening TCP socket; then it stays open.
bool listener_inherit(Listener *listener, int fd, Err *err);
// Closes this process's listening socket on 127.0.0.1:`port`, of another owner; its descriptor means `by` from now on.
// Call it before that descriptor is polled.
bool listener_replace(const Listener *listener, int port, int by, Err *err);
// From now on connections are given as soon as they are made.
void listener_give_at_once(int fd);
// Refuses connections from now on, unless another process has the socket too. The descriptor stays open.
void listener_quiet(const Listener *listener);
void listener_close(Listener *listener);

#endif
