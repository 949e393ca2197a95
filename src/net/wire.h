// The socket under an HTTP thread. libcivetweb does not tell a request's descriptor; but it reads with recv,
// which it finds in the executable before libc's, and the one here notes on which descriptor the calling
// thread received last.
#ifndef WEMOON_NET_WIRE_H
#define WEMOON_NET_WIRE_H

#include <stdbool.h>

// Whether libraries find the executable's recv. If not, nothing below works.
bool wire_is_tapped(void);
// The calling thread has a new connection: nothing has been received on it yet.
void wire_open(void);
// The descriptor of the calling thread's connection, or -1 if nothing has been received on it yet.
int wire_descriptor(void);

#endif
