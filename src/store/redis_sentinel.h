// Finds the current master through Redis Sentinels, which also announce a change.
#ifndef WEMOON_STORE_REDIS_SENTINEL_H
#define WEMOON_STORE_REDIS_SENTINEL_H

#include "base/err.h"
#include "base/str.h"

typedef struct RedisSentinel RedisSentinel;

typedef struct {
  char host[256];
  int port;
} RedisAddress;

enum { REDIS_SENTINEL_PORT = 26379 };

// `hosts` as in a checked URL. NULL without memory.
RedisSentinel *redis_sentinel_new(Str hosts, Str master);
void redis_sentinel_free(RedisSentinel *sentinel);  // NULL is allowed

// Asks one Sentinel after the other, from the one that answered last, and subscribes to changes of the master there.
// Monotonic microseconds. ERR_NETWORK: none answers, or none knows the master.
bool redis_sentinel_find(RedisSentinel *sentinel, int64_t give_up_us, RedisAddress *out, Err *err);
// Whether a Sentinel has announced another master since the last redis_sentinel_find. Does not wait.
bool redis_sentinel_switched(RedisSentinel *sentinel);
// Call it every second: subscribes again if the Sentinel has gone, and asks the others whether the master has changed.
void redis_sentinel_look(RedisSentinel *sentinel, int64_t give_up_us);

#endif
