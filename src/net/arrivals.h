// The connections that arrive. Pollers accept them, and serve each that begins and ends with one plain request; a
// connection that has sent nothing yet waits without a thread. All others are passed to libcivetweb, with nothing
// read: it accepts from a pipe of descriptors, through the accept defined here, which it finds before libc's.
#ifndef WEMOON_NET_ARRIVALS_H
#define WEMOON_NET_ARRIVALS_H

#include "net/connections.h"
#include "net/pollers.h"
#include "net/wire.h"

typedef struct Arrivals Arrivals;

// Returns the name of a function defined here whose libc version libraries find, or NULL.
const char *arrivals_untapped(void);
// `share` serves plain requests; it has pollers, made with wire_ready. What is given outlives it. NULL without memory
// or descriptors.
Arrivals *arrivals_new(Connections *connections, WireShare share);
// The descriptor from which libcivetweb is to accept, a copy of it.
int arrivals_passed(const Arrivals *arrivals);
// Accepts connections on `listener`, a listening socket that does not block. False if the system refuses.
bool arrivals_accept(Arrivals *arrivals, int listener);
// Accepts none any more; those that were accepted go on. The last ones are those that wait in the listener's backlog,
// unless it `is_shared`: then they are another process's.
void arrivals_quiet(Arrivals *arrivals, bool is_shared);
// Passes none any more, and wakes the thread that polls the pipe; from now on it does not sleep there.
void arrivals_end(Arrivals *arrivals);
// After the pollers' end: closes connections that nobody took, and frees it. NULL is allowed.
void arrivals_free(Arrivals *arrivals);

#endif
