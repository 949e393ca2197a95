// An open store in Redis, for redis.c and the files redis_*.c alone.
#ifndef WEMOON_STORE_REDIS_INNER_H
#define WEMOON_STORE_REDIS_INNER_H

#include "store/backend.h"
#include "store/redis_link.h"
#include "store/redis_sentinel.h"
#include "store/redis_url.h"

// Keys, as Redis has them.
#define PREFIX "wemoon:"
enum { REDIS_CALL_US = 900 * 1000 };  // what a server is given to answer one call
enum { NAME_MAX_LEN = sizeof PREFIX + STORE_PREFIX_MAX + STORE_KEY_MAX };

typedef struct {
  RedisUrl url;
  RedisLink *link;          // NULL: not connected
  Resolver *resolver;       // of the server; NULL: a Unix socket, or no master was found yet
  RedisSentinel *sentinel;  // NULL: the URL names the server itself
  RedisAddress at;          // where the server is; without a host, at url.path
  RedisAddress its_master;  // of a server that turned out to be a replica; port 0: none
  char *user, *password;    // decoded; NULL: none
  char *ca_file;
  const StorePrefixes *prefixes;
  bool settled;                         // no key of an older version is left: nothing to move
  int policy_asks;                      // times it was asked whether it evicts keys
  char advice[600];                     // store_advice; empty: none
  char cursor[24];                      // of the search for such keys
  bool found_old;                       // in this round of the search
  int64_t attempt_us, next_attempt_us;  // monotonic: the last attempt to connect, and the next one
  int64_t used_us;                      // monotonic: the last answer
  Err why;                              // why there is no link
  char bytes[];
} Redis;

// ---- redis_connection.c

// Makes sure that there is a link, greeted. False if there is none, as redis->why says.
bool redis_connect(Redis *redis, int64_t give_up_us);
// " at HOST:PORT", " at PATH"; nothing while no master is known. Returns `out`.
const char *redis_place(const Redis *redis, char out[300]);
// No attempt to connect is made for a while.
void redis_pause(Redis *redis);
// Whether the command was certainly not done, and another server, or this one a moment later, may do it.
bool redis_is_elsewhere(const redisReply *reply);
// Fills `err` with where the server is, what it or the connection said, and what to do about it; returns false.
bool redis_explain(const Redis *redis, ErrCode code, Str what, Err *err);
// Closes the link and notes why. Returns false.
bool redis_give_up(Redis *redis, const char *what);
// Sends the commands that were added to the link. False: it was given up.
bool redis_send(Redis *redis, int64_t give_up_us);
// The next reply, to be freed with freeReplyObject. NULL: the link was given up.
redisReply *redis_read(Redis *redis, int64_t give_up_us);

// ---- redis_call.c

// Adds a job's commands to the link. False without memory.
bool redis_call_add(Redis *redis, const StoreJob *job);
// Reads the replies for one job. False: the link was lost. *elsewhere: the call was not done.
bool redis_call_read(Redis *redis, StoreJob *job, int64_t give_up_us, bool *elsewhere);

// ---- redis_scan.c

// Answers a STORE_LIST.
void redis_list(Redis *redis, StoreJob *job);
// One step of the search for keys of an older version, through all keys there are. Once a round has found none, no
// call looks for them any more.
void redis_search_old(Redis *redis, int64_t give_up_us);

#endif
