// The store in Redis: batches go out as one pipeline. The connection is made when it is needed and again
// after it was lost; while Redis is away calls fail at once but for one attempt every half second.
#include "store/backend.h"
#include "base/clock.h"
#include "store/resolve.h"
#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { PORT = 6379, ATTEMPT_US = 500 * 1000, ARGS_MAX = 8 };

typedef struct {
  redisContext *link;  // NULL: not connected
  Resolver *resolver;
  int64_t next_attempt_us;  // monotonic
  Err why;                  // why there is no link
  char *host, *password;    // password NULL: none
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

// Greets the server; a refusal (a wrong password) is told in its own words.
static bool greet(Redis *redis, const char *what, const char *arg) {
  redisReply *reply = redisCommand(redis->link, "%s %s", what, arg);
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
  return (!redis->password || greet(redis, "AUTH", redis->password)) &&
         (redis->db == 0 || greet(redis, "SELECT", db));
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

static bool parse_number(Str text, int64_t max, int *out) {
  int64_t number;
  if (!str_to_int64(text, &number) || number < 0 || number > max) return false;
  *out = (int)number;
  return true;
}

// HOST, HOST:PORT, [::1]:PORT
static bool parse_address(Redis *redis, Str address, Str *host) {
  Str rest = { 0 };
  redis->port = PORT;
  if (address.len && address.ptr[0] == '[') {
    if (!str_cut(str_sub(address, 1, address.len), ']', host, &rest)) return false;
    if (rest.len && rest.ptr[0] != ':') return false;
    rest = str_sub(rest, 1, rest.len);
  } else if (str_cut(address, ':', host, &rest) && rest.len == 0) {
    return false;
  }
  return host->len > 0 &&
         (rest.len == 0 || (parse_number(rest, 65535, &redis->port) && redis->port > 0));
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Percent-encoded bytes decoded in place; a '%' without two hex digits stays as it is.
static void decode(char *text) {
  char *out = text;
  for (; *text; text++) {
    int high = text[0] == '%' ? hex_digit(text[1]) : -1, low = high >= 0 ? hex_digit(text[2]) : -1;
    *out++ = low >= 0 ? (char)(high << 4 | low) : *text;
    if (low >= 0) text += 2;
  }
  *out = 0;
}

// Fills the handle from "//[[USER]:PASSWORD@]HOST[:PORT][/DB]"; the last '@' ends the password.
static bool parse(Redis *redis, Str rest) {
  Str address, db, host, password = { 0 };
  size_t at = rest.len;
  while (at > 0 && rest.ptr[at - 1] != '@') at--;
  Str tail = at ? str_sub(rest, at, rest.len) : str_sub(rest, 2, rest.len);
  if (at) {
    Str login = str_sub(rest, 2, at - 3), user;
    if (!str_cut(login, ':', &user, &password) || user.len || password.len == 0) return false;
  }
  str_cut(tail, '/', &address, &db);
  if (db.len && !parse_number(db, 1 << 20, &redis->db)) return false;
  if (!parse_address(redis, address, &host)) return false;
  redis->host = redis->bytes;
  memcpy(redis->host, host.ptr, host.len);
  if (password.len) {
    redis->password = redis->bytes + host.len + 1;
    memcpy(redis->password, password.ptr, password.len);
    decode(redis->password);
  }
  return true;
}

static void *redis_open(Str rest, Err *err) {
  Redis *redis = calloc(1, sizeof(*redis) + rest.len + 2);
  if (!redis) {
    err_set(err, ERR_MEMORY, "store: no memory");
    return NULL;
  }
  bool good = str_starts(rest, STR("//")) && rest.len > 2 && parse(redis, rest);
  if (good && (redis->resolver = resolver_new(redis->host))) return redis;
  free(redis);
  if (good) err_set(err, ERR_MEMORY, "store: no memory");
  else err_set(err, ERR_USAGE, "store: a Redis URL is written redis://[:PASSWORD@]HOST:PORT/DB");
  return NULL;
}

const StoreBackend store_redis = { "redis", redis_open, redis_run, NULL, redis_close };
