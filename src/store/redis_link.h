// A connection to a Redis or a Sentinel: TCP, TLS or a Unix socket, with hiredis' formatter and reader over it.
// Each call ends by one deadline, however many packets it takes. One thread at a time.
#ifndef WEMOON_STORE_REDIS_LINK_H
#define WEMOON_STORE_REDIS_LINK_H

#include "base/err.h"
#include "base/str.h"
#include "store/resolve.h"

#include <hiredis/hiredis.h>
#include <sys/socket.h>

typedef struct RedisLink RedisLink;

// Times are monotonic microseconds. Errors are ERR_NETWORK; their text does not name the peer.
RedisLink *redis_link_open(const struct sockaddr *address, socklen_t len, int64_t give_up_us,
                           Err *err);
// The same for a host name: tries its addresses in turn.
RedisLink *redis_link_open_host(Resolver *resolver, int port, int64_t give_up_us, Err *err);
// Starts TLS, before anything else is sent. `ca_file` may be NULL.
bool redis_link_start_tls(RedisLink *link, const char *host, const char *ca_file,
                          int64_t give_up_us, Err *err);
void redis_link_close(RedisLink *link);  // NULL is allowed

// Queues a command; redis_link_send sends all of them together. False without memory.
bool redis_link_add(RedisLink *link, int count, const Str *words);
bool redis_link_send(RedisLink *link, int64_t give_up_us, Err *err);
// The next reply; free it with freeReplyObject. NULL if none arrives by then.
redisReply *redis_link_read(RedisLink *link, int64_t give_up_us, Err *err);
// A reply that has arrived, or NULL; does not wait. *dead: the peer has closed.
redisReply *redis_link_peek(RedisLink *link, bool *dead);

#endif
