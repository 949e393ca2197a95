// The store in Redis: batches go out as one pipeline. The connection is made when it is needed and again
// after it was lost; while Redis is away calls fail at once but for one attempt every half second.
#include "store/backend.h"
#include "base/clock.h"
#include "store/redis_url.h"
#include "store/resolve.h"
#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { ATTEMPT_US = 500 * 1000, ARGS_MAX = 8 };

typedef struct {
  redisContext *link;  // NULL: not connected
  Resolver *resolver;
  int64_t next_attempt_us;       // monotonic
  Err why;                       // why there is no link
  char *host, *user, *password;  // user and password: NULL if there is none
  int port, db;
  char bytes[];
} Redis;

// Scripts that Redis runs as one step. KEYS[1] key; ARGV: value, time to live in ms, expected value.
#define WRITE                                                                                      \
  "if tonumber(ARGV[2]) > 0 then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) "              \
  "else redis.call('SET', KEYS[1], ARGV[1]) end return 1"
static const char swap_script[] =
    "if redis.call('GET', KEYS[1]) ~= ARGV[3] then return 0 end " WRITE;
static const char lease_script[] = "local owner = redis.call('GET', KEYS[1]) if owner and owner ~= "
                                   "ARGV[1] then return 0 end " WRITE;
static const char release_script[] =
    "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end return redis.call('DEL', KEYS[1])";
static const char incr_script[] = "local fresh = redis.call('EXISTS', KEYS[1]) == 0 local sum = "
                                  "redis.call('INCRBY', KEYS[1], ARGV[1]) "
                                  "if fresh and tonumber(ARGV[2]) > 0 then redis.call('PEXPIRE', "
                                  "KEYS[1], ARGV[2]) end return sum";

static bool give_link_up(Redis *redis, const char *what) {
  err_set(&redis->why, ERR_NETWORK, "store: Redis at %s:%d: %s", redis->host, redis->port, what);
  if (redis->link) redisFree(redis->link);
  redis->link = NULL;
  redis->next_attempt_us = clock_now_us() + ATTEMPT_US;
  return false;
}

static const char *link_error(const redisContext *link) {
  // A time-out of the socket comes as EAGAIN, which tells nobody anything.
  if (link->err == REDIS_ERR_IO && (errno == EAGAIN || errno == EWOULDBLOCK))
    return "no answer in time";
  return link->errstr[0] ? link->errstr : "the connection was lost";
}

static struct timeval time_left(int64_t give_up_us) {
  int64_t left = give_up_us - clock_now_us();
  if (left < 10 * 1000) left = 10 * 1000;
  return (struct timeval){ .tv_sec = left / 1000000, .tv_usec = left % 1000000 };
}

// A command of the greeting, with one or two arguments. A refusal (a wrong password) is told in the server's
// own words.
static bool greet(Redis *redis, const char *what, const char *first, const char *second) {
  const char *words[] = { what, first, second };
  redisReply *reply = redisCommandArgv(redis->link, second ? 3 : 2, words, NULL);
  if (!reply) return give_link_up(redis, link_error(redis->link));
  bool good = reply->type != REDIS_REPLY_ERROR;
  if (!good) {
    char text[200];
    snprintf(text, sizeof(text), "it refuses %s: %.*s", what,
             (int)(reply->len > 120 ? 120 : reply->len), reply->str);
    give_link_up(redis, text);
  }
  freeReplyObject(reply);
  return good;
}

// A link that the server has closed meanwhile shows so before anything is sent on it.
static void drop_dead_link(Redis *redis) {
  char byte;
  if (!redis->link) return;
  ssize_t n = recv(redis->link->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
  redisFree(redis->link);
  redis->link = NULL;
}

// The last one's failure is told.
static redisContext *connect_to(const struct addrinfo *address, int port, int64_t give_up_us) {
  redisContext *link = NULL;
  for (; address; address = address->ai_next) {
    char text[64];
    if (getnameinfo(address->ai_addr, address->ai_addrlen, text, sizeof text, NULL, 0,
                    NI_NUMERICHOST) != 0)
      continue;
    if (link) redisFree(link);
    link = redisConnectWithTimeout(text, port, time_left(give_up_us));
    if (!link || !link->err) return link;
  }
  return link;
}

static bool connect_now(Redis *redis, int64_t give_up_us) {
  drop_dead_link(redis);
  if (redis->link) {
    redisSetTimeout(redis->link, time_left(give_up_us));
    return true;
  }
  if (clock_now_us() < redis->next_attempt_us) return false;
  const char *why = NULL;
  const struct addrinfo *addresses = resolver_ask(redis->resolver, give_up_us, &why);
  if (!addresses) return give_link_up(redis, why);
  redis->link = connect_to(addresses, redis->port, give_up_us);
  if (!redis->link) return give_link_up(redis, "no memory for a connection");
  if (redis->link->err) return give_link_up(redis, link_error(redis->link));
  redisSetTimeout(redis->link, time_left(give_up_us));
  redisEnableKeepAlive(redis->link);
  char db[16];
  snprintf(db, sizeof(db), "%d", redis->db);
  bool in = !redis->password || (redis->user ? greet(redis, "AUTH", redis->user, redis->password)
                                             : greet(redis, "AUTH", redis->password, NULL));
  return in && (redis->db == 0 || greet(redis, "SELECT", db, NULL));
}

typedef struct {
  const char *args[ARGS_MAX];
  size_t lens[ARGS_MAX];
  int count;
} Command;

static void arg(Command *command, Str s) {
  command->args[command->count] = s.len ? s.ptr : "";
  command->lens[command->count++] = s.len;
}

static void eval(Command *command, const char *script, Str key, Str first, Str ttl) {
  arg(command, STR("EVAL"));
  arg(command, str_of(script));
  arg(command, STR("1"));
  arg(command, key);
  arg(command, first);
  arg(command, ttl);
}

static bool append(Redis *redis, const StoreJob *job) {
  char ttl_text[24], by_text[24], key_bytes[STORE_KEY_MAX + 16];
  const StoreCall *call = &job->call;
  Str ttl = str_make(ttl_text,
                     (size_t)snprintf(ttl_text, sizeof(ttl_text), "%lld", (long long)call->ttl_ms));
  Str by =
      str_make(by_text, (size_t)snprintf(by_text, sizeof(by_text), "%lld", (long long)call->by));
  memcpy(key_bytes, "wemoon:", 7);
  memcpy(key_bytes + 7, job->key.ptr, job->key.len);
  Str key = str_make(key_bytes, job->key.len + 7);
  Command command = { .count = 0 };
  switch (call->op) {
    case STORE_GET:
    case STORE_DELETE:
      arg(&command, call->op == STORE_GET ? STR("GET") : STR("DEL"));
      arg(&command, key);
      break;
    case STORE_SET:
    case STORE_ADD:
      arg(&command, STR("SET"));
      arg(&command, key);
      arg(&command, call->value);
      if (call->op == STORE_ADD) arg(&command, STR("NX"));
      if (call->ttl_ms) arg(&command, STR("PX"));
      if (call->ttl_ms) arg(&command, ttl);
      break;
    case STORE_INCR: eval(&command, incr_script, key, by, ttl); break;
    case STORE_SWAP:
      eval(&command, swap_script, key, call->value, ttl);
      arg(&command, call->expected);
      break;
    case STORE_LEASE: eval(&command, lease_script, key, call->value, ttl); break;
    case STORE_RELEASE: eval(&command, release_script, key, call->value, ttl); break;
  }
  return redisAppendCommandArgv(redis->link, command.count, command.args, command.lens) == REDIS_OK;
}

static void refuse(Redis *redis, StoreJob *job, const redisReply *reply) {
  Str text = str_make(reply->str, reply->len);
  if (job->call.op == STORE_INCR && str_find(text, STR("not an integer")) >= 0)
    store_job_sum(job, STR("no number"));
  else if (job->call.op == STORE_INCR && str_find(text, STR("overflow")) >= 0) {
    job->call.by = 1;
    store_job_sum(job, STR("9223372036854775807"));
  } else {
    err_set(&job->reply.err, ERR_FAILED, "store: Redis at %s:%d: %.*s", redis->host, redis->port,
            (int)(text.len > 200 ? 200 : text.len), text.ptr);
  }
}

static void take(Redis *redis, StoreJob *job, const redisReply *reply) {
  switch (reply->type) {
    case REDIS_REPLY_ERROR: refuse(redis, job, reply); break;
    case REDIS_REPLY_STRING: store_job_value(job, str_make(reply->str, reply->len)); break;
    case REDIS_REPLY_STATUS: job->reply.ok = true; break;
    case REDIS_REPLY_INTEGER:
      job->reply.ok = job->call.op == STORE_INCR || reply->integer != 0;
      job->reply.number = reply->integer;
      break;
    default: break;  // nil: there was nothing, or it was not set
  }
}

static void redis_run(void *self, StoreJob *first) {
  Redis *redis = self;
  StoreJob *job = first;
  bool alive = connect_now(redis, first->give_up_us);
  for (const StoreJob *each = first; alive && each; each = each->next) {
    if (!append(redis, each)) alive = give_link_up(redis, "no memory for a command");
  }
  for (; alive && job; job = job->next) {
    void *reply = NULL;
    errno = 0;
    if (redisGetReply(redis->link, &reply) != REDIS_OK) {
      alive = give_link_up(redis, link_error(redis->link));
      break;
    }
    take(redis, job, reply);
    freeReplyObject(reply);
  }
  for (; job; job = job->next) job->reply.err = redis->why;
}

static void redis_close(void *self) {
  Redis *redis = self;
  if (redis->link) redisFree(redis->link);
  resolver_free(redis->resolver);
  free(redis);
}

static bool redis_check(Str url, Err *err) {
  RedisUrl parts;
  return redis_url_parse(url, &parts, err);
}

// Copies the parts of the URL, decoded, into the handle's own bytes.
static void keep_parts(Redis *redis, const RedisUrl *url) {
  char *at = redis->bytes;
  redis->port = url->port;
  redis->db = url->db;
  redis->host = at;
  if (url->host.len) memcpy(at, url->host.ptr, url->host.len);
  at += url->host.len + 1;
  if (url->user.len) redis->user = at;
  if (url->user.len) at += redis_url_decode(url->user, at) + 1;
  if (url->password.len) redis->password = at;
  if (url->password.len) redis_url_decode(url->password, at);
}

static void *redis_open(Str url, Err *err) {
  RedisUrl parts;
  if (!redis_url_parse(url, &parts, err)) return NULL;
  Redis *redis = calloc(1, sizeof(*redis) + url.len + 3);
  if (redis) keep_parts(redis, &parts);
  if (redis && (redis->resolver = resolver_new(redis->host))) return redis;
  free(redis);
  err_set(err, ERR_MEMORY, "store: no memory");
  return NULL;
}

static const char *const forms[] = { "redis://[[USER]:PASSWORD@]HOST:PORT/DB", NULL };

const StoreBackend store_redis = {
  .name = "redis",
  .forms = forms,
  .shared = STORE_SHARES_ALL,
  .check = redis_check,
  .open = redis_open,
  .run = redis_run,
  .close = redis_close,
};
