// Makes parked connections; for server.c.
#ifndef WEMOON_NET_PARKED_NEW_H
#define WEMOON_NET_PARKED_NEW_H

#include "net/connections.h"
#include "net/parked.h"

// Makes one without its connection. `head_only`: the request was a HEAD. NULL without memory.
Parked *parked_new(Connections *connections, bool head_only);
// Gives it the descriptor `fd`, which it owns and which is registered with `connections`. False if `fd` is -1: `parked`
// is freed.
bool parked_take(Parked *parked, int fd);

#endif
