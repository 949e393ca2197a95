// The store in Redis: batches go out as one pipeline, over a connection of our own (redis_link). What hiredis, or
// Redis, would do unasked, and what is done here:
//
// | what                                      | here                                                        |
// | ----------------------------------------- | ----------------------------------------------------------- |
// | hiredis' time-out is one for each read    | one time, 0.9 s, for a whole call: connecting, the greeting |
// |                                           | and every command of the batch                              |
// | hiredis never connects again              | with the next call; after a slow failure half a second later|
// | a command whose answer never came         | may have been done: ERR_NETWORK, never sent again by itself |
// | READONLY, LOADING, MASTERDOWN,            | was certainly not done: the link is dropped, the server     |
// | CLUSTERDOWN, NOAUTH                       | looked up anew, the call made once more                     |
// | a frozen Redis does old commands later,   | leases are renewed and checked by their owners; an expiry   |
// | their expiry counted from then            | is never shorter than asked                                 |
// | numbers of scripts are exact to 2^53      | counts never pass through a script's number                 |
// | EVALSHA is NOSCRIPT after a fail-over     | EVAL, with the whole script                                 |
// | memory full: `#!lua` scripts are refused, | no `#!lua` line, so that a lock can be given back           |
// | those that only delete too                |                                                             |
// | the old master stays writable for seconds | +switch-master of a Sentinel drops the link at once, and a  |
// |                                           | server that is no master is not used                        |
#include "store/redis_inner.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>

enum {
  PORT = 6379,
  PING_US = 2500 * 1000,  // a link that was idle for longer is checked first
  MOMENT_US = 100 * 1000,
  POLICY_ASKS = 3,  // a proxy may close the link at this question
};

// Takes the calls up to the next STORE_LIST, or to the end of the chain: they are sent together.
static size_t count_together(const StoreJob *first) {
  size_t count = 0;
  for (; first && first->call.op != STORE_LIST; first = first->next) count++;
  return count;
}

static bool send_jobs(Redis *redis, const StoreJob *first, size_t count, int64_t give_up_us) {
  for (size_t i = 0; i < count; i++, first = first->next) {
    if (!redis_call_add(redis, first)) return redis_give_up(redis, "no memory for a command");
  }
  return redis_send(redis, give_up_us);
}

// Makes the calls; those that were not done, because another server is to do them, are left with an error.
// Returns how many those are; -1: the link was lost, and what was not answered has failed.
static int attempt(Redis *redis, StoreJob *first, size_t count, int64_t give_up_us) {
  int left = 0;
  if (!redis_connect(redis, give_up_us) || !send_jobs(redis, first, count, give_up_us)) {
    for (size_t i = 0; i < count; i++, first = first->next) first->reply.err = redis->why;
    return -1;
  }
  for (size_t i = 0; i < count; i++, first = first->next) {
    bool elsewhere = false;
    if (!redis->link || !redis_call_read(redis, first, give_up_us, &elsewhere)) {
      first->reply.err = redis->why;
      left = -1;
    } else if (elsewhere && left >= 0) {
      left++;
    }
  }
  return left;
}

// Makes the calls that were not done one by one over a new link.
static void attempt_again(Redis *redis, StoreJob *first, size_t count, int64_t give_up_us) {
  redis_link_close(redis->link);
  redis->link = NULL;
  redis->next_attempt_us = 0;
  for (size_t i = 0; i < count; i++, first = first->next) {
    if (first->reply.err.code != ERR_NETWORK) continue;
    first->reply.err.code = ERR_NONE;
    if (attempt(redis, first, 1, give_up_us) == 0) continue;
    redis->why = first->reply.err;
    redis_link_close(redis->link);
    redis->link = NULL;
    redis_pause(redis);
  }
}

static Str field_of(Str info, Str name) {
  Str line, value = { 0 };
  while (!value.len && info.len && (str_cut(info, '\n', &line, &info) || line.len))
    if (str_starts(line, name)) value = str_trim(str_sub(line, name.len, line.len));
  return value;
}

// Redis deletes keys when its memory is full, unless its policy is noeviction. What it deletes is lost.
static void look_for_eviction(Redis *redis, int64_t give_up_us) {
  const Str words[] = { STR("INFO"), STR("memory") };
  if (redis->policy_asks == POLICY_ASKS || !redis_link_add(redis->link, 2, words)) return;
  redis->policy_asks++;
  redisReply *reply = redis_send(redis, give_up_us) ? redis_read(redis, give_up_us) : NULL;
  if (!reply) return;
  if (reply->type != REDIS_REPLY_ERROR) redis->policy_asks = POLICY_ASKS;
  Str info = reply->type == REDIS_REPLY_STRING ? str_make(reply->str, reply->len) : STR("");
  Str policy = field_of(info, STR("maxmemory_policy:")), most = field_of(info, STR("maxmemory:"));
  char place[300];
  if (policy.len && !str_eq(policy, STR("noeviction")) && !str_eq(most, STR("0")))
    snprintf(redis->advice, sizeof redis->advice,
             "store: Redis%s deletes keys when its memory is full (maxmemory %.*s, "
             "maxmemory-policy %.*s): owed answers and conversations can be lost; set "
             "maxmemory-policy noeviction in its redis.conf",
             redis_place(redis, place), STR_FMT(most), STR_FMT(policy));
  freeReplyObject(reply);
}

static void redis_run(void *self, StoreJob *first) {
  Redis *redis = self;
  // A call that waited in the queue gets a moment at least: its wait says nothing about Redis.
  int64_t soonest_us = clock_now_us() + MOMENT_US;
  int64_t give_up_us = first->give_up_us > soonest_us ? first->give_up_us : soonest_us;
  for (StoreJob *job = first; job;) {
    size_t count = count_together(job);
    if (count > 0) {
      if (attempt(redis, job, count, give_up_us) > 0) attempt_again(redis, job, count, give_up_us);
      for (; count > 0; count--) job = job->next;
      continue;
    }
    redis_list(redis, job);
    job = job->next;
  }
  if (redis->link) look_for_eviction(redis, give_up_us);
}

static bool ping(Redis *redis, int64_t give_up_us) {
  const Str words[] = { STR("PING") };
  if (!redis_link_add(redis->link, 1, words))
    return redis_give_up(redis, "no memory for a command");
  redisReply *reply = redis_send(redis, give_up_us) ? redis_read(redis, give_up_us) : NULL;
  if (!reply) return false;
  bool elsewhere = redis_is_elsewhere(reply);
  if (elsewhere) redis_give_up(redis, reply->str);
  freeReplyObject(reply);
  return !elsewhere;
}

static bool redis_tick(void *self, Err *err) {
  Redis *redis = self;
  int64_t now = clock_now_us(), give_up_us = now + REDIS_CALL_US;
  if (redis->sentinel) redis_sentinel_look(redis->sentinel, now + REDIS_CALL_US / 3);
  bool ok = redis_connect(redis, give_up_us);
  if (ok && now - redis->used_us > PING_US) ok = ping(redis, give_up_us);
  if (ok) look_for_eviction(redis, give_up_us);
  if (ok && redis->link) redis_search_old(redis, give_up_us);
  if (!ok && err) *err = redis->why;
  return ok;
}

static const char *redis_advice(const void *self) {
  const Redis *redis = self;
  return redis->advice[0] ? redis->advice : NULL;
}

static bool redis_check(Str url, Err *err) {
  RedisUrl parts;
  return redis_url_parse(url, &parts, err);
}

static void redis_close(void *self) {
  Redis *redis = self;
  redis_link_close(redis->link);
  redis_sentinel_free(redis->sentinel);
  resolver_free(redis->resolver);
  if (redis->password) memset(redis->password, 0, strlen(redis->password));
  free(redis);
}

// Copies the URL, and its decoded parts behind it, into the handle's own memory.
static bool keep_parts(Redis *redis, const StoreOptions *options) {
  char *at = redis->bytes;
  memcpy(at, options->url.ptr, options->url.len);
  if (!redis_url_parse(str_make(at, options->url.len), &redis->url, NULL)) return false;
  at += options->url.len + 1;
  if (redis->url.user.len) redis->user = at;
  if (redis->url.user.len) at += redis_url_decode(redis->url.user, at) + 1;
  if (redis->url.password.len) redis->password = at;
  if (redis->url.password.len) at += redis_url_decode(redis->url.password, at) + 1;
  redis->ca_file = at;
  if (options->ca_file) memcpy(at, options->ca_file, strlen(options->ca_file));
  return true;
}

static bool find_way(Redis *redis) {
  Str hosts = redis->url.hosts, host;
  if (redis->url.kind == REDIS_SOCKET) return true;
  if (redis->url.kind == REDIS_SENTINEL)
    return (redis->sentinel = redis_sentinel_new(hosts, redis->url.master)) != NULL;
  redis->at.port = PORT;
  if (!redis_url_next_host(&hosts, &host, &redis->at.port) || host.len >= sizeof redis->at.host)
    return false;
  memcpy(redis->at.host, host.ptr, host.len);
  return (redis->resolver = resolver_new(redis->at.host)) != NULL;
}

// Whether the data can be read is asked at once; a Redis that is away is connected to later.
static void *redis_open(const StoreOptions *options, const StorePrefixes *prefixes, Err *err) {
  size_t ca_len = options->ca_file ? strlen(options->ca_file) : 0;
  Redis *redis = calloc(1, sizeof(*redis) + 2 * options->url.len + ca_len + 5);
  bool ok = redis && keep_parts(redis, options) && find_way(redis);
  if (!ok) err_set(err, ERR_MEMORY, "store: no memory, or a name that is too long");
  if (ok) {
    redis->prefixes = prefixes;
    memcpy(redis->cursor, "0", 2);
    ok = redis_connect(redis, clock_now_us() + REDIS_CALL_US) || redis->why.code == ERR_NETWORK;
    if (!ok && err) *err = redis->why;
  }
  if (ok) return redis;
  if (redis) redis_close(redis);
  return NULL;
}

const StoreBackend store_redis = {
  .name = "redis",
  .page = 100000,
  .forms = redis_url_forms,
  .shared = true,
  .check = redis_check,
  .open = redis_open,
  .run = redis_run,
  .tick = redis_tick,
  .advice = redis_advice,
  .close = redis_close,
};
