// A connection to a Redis or a Sentinel: TCP, TLS or a Unix socket, with hiredis' formatter and reader over it.
// Every call has one time by which it is over, however many packets it takes. For one thread at a time.
#ifndef WEMOON_STORE_REDIS_LINK_H
#define WEMOON_STORE_REDIS_LINK_H

#include "base/err.h"
#include "base/str.h"
#include "store/resolve.h"

#include <hiredis/hiredis.h>
#include <sys/socket.h>

typedef struct RedisLink RedisLink;

// All times are monotonic microseconds. Errors are ERR_NETWORK, and say what happened without saying to whom.
RedisLink *redis_link_open(const struct sockaddr *address, socklen_t len, int64_t give_up_us,
                           Err *err);
// The same for a host that is looked up: its addresses are tried in turn.
RedisLink *redis_link_open_host(Resolver *resolver, int port, int64_t give_up_us, Err *err);
// Makes it TLS; before anything else is sent. `ca_file` may be NULL.
bool redis_link_start_tls(RedisLink *link, const char *host, const char *ca_file,
                          int64_t give_up_us, Err *err);
void redis_link_close(RedisLink *link);  // NULL is allowed

// Adds a command to those that redis_link_send sends together. False without memory.
bool redis_link_add(RedisLink *link, int count, const Str *words);
bool redis_link_send(RedisLink *link, int64_t give_up_us, Err *err);
// The next reply, to be freed with freeReplyObject. NULL if there is none by then.
redisReply *redis_link_read(RedisLink *link, int64_t give_up_us, Err *err);
// What has arrived, without waiting: a reply, or NULL. *dead: the other side has closed.
redisReply *redis_link_peek(RedisLink *link, bool *dead);

#endif
