// One connection asks for the master, then listens for +switch-master, until it breaks or must ask again.
#include "store/redis_sentinel.h"

#include "base/clock.h"
#include "store/redis_link.h"
#include "store/redis_url.h"

#include <stdio.h>
#include <stdlib.h>

// In a fail-over this message comes first: the Sentinel names the new master from now on. +switch-master follows when
// the other replicas follow the new master, seconds later.
#define PROMOTED "+failover-state-reconf-slaves"

typedef struct {
  Resolver *resolver;
  char name[280];  // "HOST:PORT", for messages
  int port;
} Host;

struct RedisSentinel {
  Host *hosts;
  size_t count, at;  // `at` answered last
  RedisLink *link;   // subscribed; NULL: none
  RedisAddress master;
  bool switched;
  Str name;
  char bytes[];
};

static bool add_host(RedisSentinel *sentinel, Str name, int port) {
  Host *hosts = realloc(sentinel->hosts, (sentinel->count + 1) * sizeof *hosts);
  if (!hosts) return false;
  sentinel->hosts = hosts;
  Host *host = &hosts[sentinel->count];
  snprintf(host->name, sizeof host->name, "%.*s", STR_FMT(name));
  host->port = port;
  if (!(host->resolver = resolver_new(host->name))) return false;
  sentinel->count++;
  snprintf(host->name, sizeof host->name, "%.*s:%d", STR_FMT(name), port);
  return true;
}

RedisSentinel *redis_sentinel_new(Str hosts, Str master) {
  RedisSentinel *sentinel = calloc(1, sizeof *sentinel + master.len + 1);
  if (!sentinel) return NULL;
  memcpy(sentinel->bytes, master.ptr, master.len);
  sentinel->name = str_make(sentinel->bytes, master.len);
  Str host;
  int port = REDIS_SENTINEL_PORT;
  bool ok = true;
  for (; ok && redis_url_next_host(&hosts, &host, &port); port = REDIS_SENTINEL_PORT)
    ok = add_host(sentinel, host, port);
  if (ok) return sentinel;
  redis_sentinel_free(sentinel);
  return NULL;
}

static void unsubscribe(RedisSentinel *sentinel) {
  redis_link_close(sentinel->link);
  sentinel->link = NULL;
}

void redis_sentinel_free(RedisSentinel *sentinel) {
  if (!sentinel) return;
  unsubscribe(sentinel);
  for (size_t i = 0; i < sentinel->count; i++) resolver_free(sentinel->hosts[i].resolver);
  free(sentinel->hosts);
  free(sentinel);
}

// ---- asking -------------------------------------------------------------------------------------

static bool is_text(const redisReply *reply) {
  return reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS;
}

static bool take_address(const redisReply *reply, RedisAddress *out) {
  int64_t port;
  if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2) return false;
  const redisReply *host = reply->element[0], *number = reply->element[1];
  if (!is_text(host) || !is_text(number) || host->len >= sizeof out->host) return false;
  if (!str_to_int64(str_make(number->str, number->len), &port) || port < 1 || port > 65535)
    return false;
  memcpy(out->host, host->str, host->len + 1);
  out->port = (int)port;
  return true;
}

// Asks a Sentinel that was just connected for the address, and subscribes.
static bool question(RedisSentinel *sentinel, RedisLink *link, int64_t give_up_us,
                     RedisAddress *out, Err *err) {
  const Str ask[] = { STR("SENTINEL"), STR("get-master-addr-by-name"), sentinel->name };
  const Str subscribe[] = { STR("SUBSCRIBE"), STR("+switch-master"), STR(PROMOTED) };
  if (!redis_link_add(link, 3, ask) || !redis_link_add(link, 3, subscribe))
    return err_set(err, ERR_NETWORK, "no memory for a command");
  if (!redis_link_send(link, give_up_us, err)) return false;
  redisReply *reply = redis_link_read(link, give_up_us, err);
  if (!reply) return false;
  bool known = take_address(reply, out);
  if (!known && reply->type == REDIS_REPLY_ERROR)
    err_set(err, ERR_NETWORK, "it says %.*s", (int)(reply->len > 120 ? 120 : reply->len),
            reply->str);
  else if (!known)
    err_set(err, ERR_NETWORK, "it knows no master named %.*s", STR_FMT(sentinel->name));
  freeReplyObject(reply);
  return known;
}

// Asks one Sentinel, with a deadline.
static bool ask(RedisSentinel *sentinel, Host *host, int64_t give_up_us, RedisAddress *out,
                Err *err) {
  RedisLink *link = redis_link_open_host(host->resolver, host->port, give_up_us, err);
  if (link && question(sentinel, link, give_up_us, out, err)) {
    unsubscribe(sentinel);
    sentinel->link = link;
    return true;
  }
  redis_link_close(link);
  return err_wrap(err, "the Sentinel at %s", host->name);
}

bool redis_sentinel_find(RedisSentinel *sentinel, int64_t give_up_us, RedisAddress *out, Err *err) {
  for (size_t tried = 0; tried < sentinel->count; tried++) {
    size_t at = (sentinel->at + tried) % sentinel->count;
    int64_t left_us = give_up_us - clock_now_us(), share = (int64_t)(sentinel->count - tried + 1);
    if (!ask(sentinel, &sentinel->hosts[at], clock_now_us() + left_us / share, out, err)) continue;
    sentinel->at = at;
    sentinel->switched = false;
    sentinel->master = *out;
    return true;
  }
  return false;
}

// ---- listening ----------------------------------------------------------------------------------

// "+switch-master" comes as NAME OLD-HOST OLD-PORT HOST PORT, the other one as "master" NAME HOST PORT.
static bool is_switch(const RedisSentinel *sentinel, const redisReply *reply) {
  if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 3 || !is_text(reply->element[1]) ||
      !is_text(reply->element[2]))
    return false;
  Str rest = str_make(reply->element[2]->str, reply->element[2]->len), name;
  str_cut(rest, ' ', &name, &rest);
  if (strcmp(reply->element[1]->str, PROMOTED) == 0) str_cut(rest, ' ', &name, &rest);
  return str_eq(name, sentinel->name);
}

bool redis_sentinel_switched(RedisSentinel *sentinel) {
  bool dead = false;
  while (sentinel->link && !dead) {
    redisReply *reply = redis_link_peek(sentinel->link, &dead);
    if (!reply) break;
    if (is_switch(sentinel, reply)) sentinel->switched = true;
    freeReplyObject(reply);
  }
  if (dead) unsubscribe(sentinel);
  return sentinel->switched;
}

void redis_sentinel_look(RedisSentinel *sentinel, int64_t give_up_us) {
  RedisAddress before = sentinel->master, now;
  if (redis_sentinel_switched(sentinel) || sentinel->link || before.port == 0) return;
  if (redis_sentinel_find(sentinel, give_up_us, &now, NULL) &&
      (strcmp(before.host, now.host) != 0 || before.port != now.port))
    sentinel->switched = true;
}
