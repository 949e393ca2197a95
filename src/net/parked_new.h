// Makes parked connections; for server.c.
#ifndef WEMOON_NET_PARKED_NEW_H
#define WEMOON_NET_PARKED_NEW_H

#include "base/buf.h"
#include "net/connections.h"
#include "net/parked.h"

// Makes one without its connection. `head_only`: the request was a HEAD. NULL without memory.
Parked *parked_new(Connections *connections, bool head_only);
// Gives it the descriptor `fd`, which it owns and which is registered with `connections`. False if `fd` is -1: `parked`
// is freed.
bool parked_take(Parked *parked, int fd);
// Sends the rest of an answer that ends the connection, on `loop`, closes, and frees `parked`, which has its descriptor
// and was not watched. Takes over `out`, of which the first `sent` bytes were sent, and leaves it empty. Any thread.
void parked_finish(Parked *parked, Loop *loop, Buf *out, size_t sent);

#endif
