// How a parked connection comes to be. Inside net/ only.
#ifndef WEMOON_NET_PARKED_NEW_H
#define WEMOON_NET_PARKED_NEW_H

#include "net/connections.h"
#include "net/parked.h"

// Without a connection so far. `head_only`: its request was a HEAD. NULL without memory.
Parked *parked_new(Connections *connections, bool head_only);
// It owns the descriptor `fd` from now on, of which `connections` were told. False for -1: it is freed.
bool parked_take(Parked *parked, int fd);

#endif
