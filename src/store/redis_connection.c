// The connection to Redis: finds the server, connects, greets, and drops a connection that is unusable.
#include "store/redis_inner.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>
#include <sys/un.h>

enum {
  PAUSE_MIN_US = 20 * 1000,
  PAUSE_MAX_US = 500 * 1000,
  FORMAT = 2
};  // FORMAT: of the data; version 0.1 wrote none

const char *redis_place(const Redis *redis, char out[300]) {
  if (redis->at.host[0]) snprintf(out, 300, " at %s:%d", redis->at.host, redis->at.port);
  else if (redis->sentinel) out[0] = '\0';
  else snprintf(out, 300, " at %.*s", STR_FMT(redis->url.path));
  return out;
}

// What Redis says when it does not do a call, and what the operator can do about it.
static const struct {
  const char *word;
  bool elsewhere;  // redis_is_elsewhere
  const char *mend;
} refusals[] = {
  { "READONLY", true,
    "it is a replica: give the store its master's address, or its Sentinels' (redis+sentinel://)" },
  { "LOADING", true, "it answers again once it has read its data from disk" },
  { "MASTERDOWN", true, "start its master, or make this server the master" },
  { "CLUSTERDOWN", true, "nodes of its cluster are missing: start them" },
  { "NOAUTH", true, "put its password into the store's address: redis://:PASSWORD@HOST:PORT/DB" },
  { "WRONGPASS", false, "correct user and password in the store's address" },
  { "NOPERM", false, "give its user the right to this key and command (ACL SETUSER)" },
  { "OOM", false, "raise its maxmemory, or delete keys that nobody needs" },
  { "MISCONF", false, "it cannot save its data: free space on its disk, and read its log" },
  { "Connection refused", false, "start it, or correct the store's address" },
};
enum { REFUSALS = sizeof refusals / sizeof *refusals };

bool redis_is_elsewhere(const redisReply *reply) {
  if (reply->type != REDIS_REPLY_ERROR) return false;
  Str text = str_make(reply->str, reply->len);
  for (int i = 0; i < REFUSALS; i++) {
    if (refusals[i].elsewhere && str_starts(text, str_of(refusals[i].word))) return true;
  }
  return false;
}

bool redis_explain(const Redis *redis, ErrCode code, Str what, Err *err) {
  char where[300];
  const char *mend = NULL;
  for (int i = 0; i < REFUSALS && !mend; i++) {
    if (str_find(what, str_of(refusals[i].word)) >= 0) mend = refusals[i].mend;
  }
  if (what.len > 0 && what.ptr[what.len - 1] == '.') what.len--;
  return err_set(err, code, "store: Redis%s: %.*s%s%s", redis_place(redis, where), STR_FMT(what),
                 mend ? ": " : "", mend ? mend : "");
}

// A refused connection fails at once and is tried with each call; after a slow failure the next try waits.
void redis_pause(Redis *redis) {
  int64_t now = clock_now_us(), pause_us = 5 * (now - redis->attempt_us);
  if (pause_us < PAUSE_MIN_US) pause_us = PAUSE_MIN_US;
  redis->next_attempt_us = now + (pause_us < PAUSE_MAX_US ? pause_us : PAUSE_MAX_US);
}

bool redis_give_up(Redis *redis, const char *what) {
  redis_explain(redis, ERR_NETWORK, str_of(what), &redis->why);
  redis_link_close(redis->link);
  redis->link = NULL;
  redis_pause(redis);
  return false;
}

// A link that the server closed, or on which unexpected bytes arrived, is unusable.
static void drop_dead_link(Redis *redis) {
  bool dead = false;
  redisReply *stray = redis->link ? redis_link_peek(redis->link, &dead) : NULL;
  if (stray) freeReplyObject(stray);
  if (!stray && !dead) return;
  redis_link_close(redis->link);
  redis->link = NULL;
}

static bool go_to(Redis *redis, const RedisAddress *to) {
  bool same = strcmp(to->host, redis->at.host) == 0 && to->port == redis->at.port;
  if (redis->resolver && same) return true;
  if (redis->resolver) log_info("store: the master is %s:%d now", to->host, to->port);
  resolver_free(redis->resolver);
  redis->resolver = resolver_new(to->host);
  redis->at = *to;
  return redis->resolver || redis_give_up(redis, "no memory");
}

static bool find_master(Redis *redis, int64_t give_up_us) {
  RedisAddress now;
  Err err;
  if (!redis->sentinel) return true;
  if (!redis_sentinel_find(redis->sentinel, give_up_us, &now, &err))
    return redis_give_up(redis, err.text);
  return go_to(redis, &now);
}

static RedisLink *open_link(Redis *redis, int64_t give_up_us, Err *err) {
  if (redis->url.kind != REDIS_SOCKET)
    return redis_link_open_host(redis->resolver, redis->at.port, give_up_us, err);
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  memcpy(address.sun_path, redis->url.path.ptr, redis->url.path.len);
  return redis_link_open((struct sockaddr *)&address, sizeof address, give_up_us, err);
}

typedef enum { GREET_AUTH, GREET_SELECT, GREET_ROLE, GREET_FORMAT } Greeting;

static bool add_greeting(Redis *redis, Greeting greetings[4], int *count) {
  char db[16];
  Str user = str_of(redis->user), password = str_of(redis->password);
  Str number = str_make(db, (size_t)snprintf(db, sizeof db, "%d", redis->url.db));
  const Str auth[] = { STR("AUTH"), user.len ? user : password, password };
  const Str select[] = { STR("SELECT"), number };
  const Str role[] = { STR("ROLE") }, format[] = { STR("GET"), STR("wemoon:format") };
  bool ok = true;
  if (password.len) greetings[(*count)++] = GREET_AUTH;
  if (password.len) ok = redis_link_add(redis->link, user.len ? 3 : 2, auth);
  if (ok && redis->url.db) greetings[(*count)++] = GREET_SELECT;
  if (ok && redis->url.db) ok = redis_link_add(redis->link, 2, select);
  if (ok && redis->sentinel) greetings[(*count)++] = GREET_ROLE;
  if (ok && redis->sentinel) ok = redis_link_add(redis->link, 1, role);
  greetings[(*count)++] = GREET_FORMAT;
  return ok && redis_link_add(redis->link, 2, format);
}

static bool refuse_greeting(Redis *redis, Greeting greeting, const redisReply *reply) {
  static const char *const names[] = { "AUTH", "SELECT", "ROLE", "GET" };
  char text[200];
  snprintf(text, sizeof text, "it refuses %s: %.*s", names[greeting],
           (int)(reply->len > 120 ? 120 : reply->len), reply->str);
  return redis_give_up(redis, text);
}

// Writes the format of the data into the database, for later versions. A replica, or full memory, refuses: the next
// process writes it.
static bool take_format(Redis *redis, const redisReply *reply, bool *is_new) {
  int64_t format = 0;
  *is_new = reply->type == REDIS_REPLY_NIL;
  if (*is_new || reply->type != REDIS_REPLY_STRING) return true;
  if (!str_to_int64(str_make(reply->str, reply->len), &format) || format <= FORMAT) return true;
  redis_give_up(redis,
                "its data was written by a newer wemoon: start that version, or name another "
                "database");
  redis->why.code = ERR_FAILED;
  return false;
}

// After the command FAILOVER the Sentinels name the old master for half a minute; it names the new one.
static bool take_role(Redis *redis, const redisReply *reply) {
  bool array = reply->type == REDIS_REPLY_ARRAY && reply->elements > 0;
  const redisReply *role = array ? reply->element[0] : reply;
  if (array && role->type == REDIS_REPLY_STRING && strcmp(role->str, "master") == 0) return true;
  if (array && reply->elements > 2 && reply->element[1]->type == REDIS_REPLY_STRING &&
      reply->element[1]->len < sizeof redis->its_master.host &&
      reply->element[2]->type == REDIS_REPLY_INTEGER) {
    memcpy(redis->its_master.host, reply->element[1]->str, reply->element[1]->len + 1);
    redis->its_master.port = (int)reply->element[2]->integer;
  }
  return redis_give_up(redis, "it is no master any more, though a Sentinel says so");
}

static bool take_greeting(Redis *redis, Greeting greeting, const redisReply *reply, bool *is_new) {
  if (reply->type == REDIS_REPLY_ERROR) return refuse_greeting(redis, greeting, reply);
  if (greeting == GREET_FORMAT) return take_format(redis, reply, is_new);
  if (greeting != GREET_ROLE) return true;
  return take_role(redis, reply);
}

redisReply *redis_read(Redis *redis, int64_t give_up_us) {
  Err err;
  redisReply *reply = redis_link_read(redis->link, give_up_us, &err);
  if (!reply) redis_give_up(redis, err.text);
  else redis->used_us = clock_now_us();
  return reply;
}

bool redis_send(Redis *redis, int64_t give_up_us) {
  Err err;
  return redis_link_send(redis->link, give_up_us, &err) || redis_give_up(redis, err.text);
}

static bool set_format(Redis *redis, int64_t give_up_us) {
  const Str set[] = { STR("SET"), STR("wemoon:format"), STR("2"), STR("NX") };
  if (!redis_link_add(redis->link, 4, set)) return redis_give_up(redis, "no memory for a command");
  redisReply *reply = redis_send(redis, give_up_us) ? redis_read(redis, give_up_us) : NULL;
  if (reply) freeReplyObject(reply);
  return reply != NULL;
}

// Sends password, database, role and format in one pipeline.
static bool greet(Redis *redis, int64_t give_up_us) {
  Greeting greetings[4];
  int count = 0;
  bool is_new = false;
  if (!add_greeting(redis, greetings, &count))
    return redis_give_up(redis, "no memory for a command");
  if (!redis_send(redis, give_up_us)) return false;
  for (int i = 0; i < count; i++) {
    redisReply *reply = redis_read(redis, give_up_us);
    bool ok = reply && take_greeting(redis, greetings[i], reply, &is_new);
    if (reply) freeReplyObject(reply);
    if (!ok) return false;
  }
  return !is_new || set_format(redis, give_up_us);
}

static bool open_and_greet(Redis *redis, int64_t give_up_us) {
  Err err;
  redis->link = open_link(redis, give_up_us, &err);
  if (!redis->link) return redis_give_up(redis, err.text);
  if (redis->url.kind == REDIS_TLS &&
      !redis_link_start_tls(redis->link, redis->at.host, redis->ca_file, give_up_us, &err))
    return redis_give_up(redis, err.text);
  return greet(redis, give_up_us);
}

bool redis_connect(Redis *redis, int64_t give_up_us) {
  if (redis->sentinel && redis_sentinel_switched(redis->sentinel)) {
    redis_link_close(redis->link);
    redis->link = NULL;
    redis->next_attempt_us = 0;
  }
  drop_dead_link(redis);
  if (redis->link) return true;
  if (clock_now_us() < redis->next_attempt_us) return false;
  redis->attempt_us = clock_now_us();
  if (!find_master(redis, give_up_us)) return false;
  redis->its_master.port = 0;
  if (open_and_greet(redis, give_up_us)) return true;
  RedisAddress master = redis->its_master;
  return master.port && go_to(redis, &master) && open_and_greet(redis, give_up_us);
}
