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
#include "store/backend.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/redis_link.h"
#include "store/redis_sentinel.h"
#include "store/redis_url.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>

enum {
  PORT = 6379,
  PAUSE_MIN_US = 20 * 1000,
  PAUSE_MAX_US = 500 * 1000,
  PING_US = 2500 * 1000,  // a link that was not used so long is tried
  CALL_US = 900 * 1000,
  MOMENT_US = 100 * 1000,
  FORMAT = 2,  // of the data; version 0.1 wrote none
};

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
  char cursor[24];                      // of the search for such keys
  bool found_old;                       // in this round of the search
  int64_t attempt_us, next_attempt_us;  // monotonic: the last attempt to connect, and the next one
  int64_t used_us;                      // monotonic: the last answer
  Err why;                              // why there is no link
  char bytes[];
} Redis;

// ---- the link -----------------------------------------------------------------------------------

// " at HOST:PORT", " at PATH"; nothing while no master is known.
static const char *place_of(const Redis *redis, char out[300]) {
  if (redis->at.host[0]) snprintf(out, 300, " at %s:%d", redis->at.host, redis->at.port);
  else if (redis->sentinel) out[0] = '\0';
  else snprintf(out, 300, " at %.*s", STR_FMT(redis->url.path));
  return out;
}

// A refused connection costs nobody much; one that took its time is not tried again at once.
static void pause_attempts(Redis *redis) {
  int64_t now = clock_now_us(), pause_us = 5 * (now - redis->attempt_us);
  if (pause_us < PAUSE_MIN_US) pause_us = PAUSE_MIN_US;
  redis->next_attempt_us = now + (pause_us < PAUSE_MAX_US ? pause_us : PAUSE_MAX_US);
}

static bool give_link_up(Redis *redis, const char *what) {
  char where[300];
  err_set(&redis->why, ERR_NETWORK, "store: Redis%s: %s", place_of(redis, where), what);
  redis_link_close(redis->link);
  redis->link = NULL;
  pause_attempts(redis);
  return false;
}

// A link that the server has closed meanwhile, or on which something came unasked, is of no use.
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
  return redis->resolver || give_link_up(redis, "no memory");
}

static bool find_master(Redis *redis, int64_t give_up_us) {
  RedisAddress now;
  Err err;
  if (!redis->sentinel) return true;
  if (!redis_sentinel_find(redis->sentinel, give_up_us, &now, &err))
    return give_link_up(redis, err.text);
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
  return give_link_up(redis, text);
}

// Says in the data which format it has, for the versions to come. A replica, or a full memory, refuses: the next
// process will.
static bool take_format(Redis *redis, const redisReply *reply, bool *is_new) {
  int64_t format = 0;
  *is_new = reply->type == REDIS_REPLY_NIL;
  if (*is_new || reply->type != REDIS_REPLY_STRING) return true;
  if (!str_to_int64(str_make(reply->str, reply->len), &format) || format <= FORMAT) return true;
  give_link_up(redis, "its data was written by a newer wemoon: start that version, or name another "
                      "database");
  redis->why.code = ERR_FAILED;
  return false;
}

// After a fail-over by hand the Sentinels name the old master for some seconds, which names the new one.
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
  return give_link_up(redis, "it is no master any more, though a Sentinel says so");
}

static bool take_greeting(Redis *redis, Greeting greeting, const redisReply *reply, bool *is_new) {
  if (reply->type == REDIS_REPLY_ERROR) return refuse_greeting(redis, greeting, reply);
  if (greeting == GREET_FORMAT) return take_format(redis, reply, is_new);
  if (greeting != GREET_ROLE) return true;
  return take_role(redis, reply);
}

static redisReply *read_reply(Redis *redis, int64_t give_up_us) {
  Err err;
  redisReply *reply = redis_link_read(redis->link, give_up_us, &err);
  if (!reply) give_link_up(redis, err.text);
  else redis->used_us = clock_now_us();
  return reply;
}

static bool send_all(Redis *redis, int64_t give_up_us) {
  Err err;
  return redis_link_send(redis->link, give_up_us, &err) || give_link_up(redis, err.text);
}

static bool set_format(Redis *redis, int64_t give_up_us) {
  const Str set[] = { STR("SET"), STR("wemoon:format"), STR("2"), STR("NX") };
  if (!redis_link_add(redis->link, 4, set)) return give_link_up(redis, "no memory for a command");
  redisReply *reply = send_all(redis, give_up_us) ? read_reply(redis, give_up_us) : NULL;
  if (reply) freeReplyObject(reply);
  return reply != NULL;
}

// Password, database, role and format, in one go.
static bool greet(Redis *redis, int64_t give_up_us) {
  Greeting greetings[4];
  int count = 0;
  bool is_new = false;
  if (!add_greeting(redis, greetings, &count))
    return give_link_up(redis, "no memory for a command");
  if (!send_all(redis, give_up_us)) return false;
  for (int i = 0; i < count; i++) {
    redisReply *reply = read_reply(redis, give_up_us);
    bool ok = reply && take_greeting(redis, greetings[i], reply, &is_new);
    if (reply) freeReplyObject(reply);
    if (!ok) return false;
  }
  return !is_new || set_format(redis, give_up_us);
}

static bool open_and_greet(Redis *redis, int64_t give_up_us) {
  Err err;
  redis->link = open_link(redis, give_up_us, &err);
  if (!redis->link) return give_link_up(redis, err.text);
  if (redis->url.kind == REDIS_TLS &&
      !redis_link_start_tls(redis->link, redis->at.host, redis->ca_file, give_up_us, &err))
    return give_link_up(redis, err.text);
  return greet(redis, give_up_us);
}

static bool connect_now(Redis *redis, int64_t give_up_us) {
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

// ---- commands -----------------------------------------------------------------------------------

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
// The sum comes as a text: as a script's number it would be rounded past 2^53.
static const char incr_script[] =
    "local fresh = redis.call('EXISTS', KEYS[1]) == 0 redis.call('INCRBY', KEYS[1], ARGV[1]) "
    "if fresh then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return redis.call('GET', KEYS[1])";

// Keys, as Redis has them.
#define PREFIX "wemoon:"
enum { NAME_MAX_LEN = sizeof PREFIX + STORE_PREFIX_MAX + STORE_KEY_MAX };

static Str name_of(Str key, char out[NAME_MAX_LEN]) {
  memcpy(out, PREFIX, strlen(PREFIX));
  memcpy(out + strlen(PREFIX), key.ptr, key.len);
  return str_make(out, strlen(PREFIX) + key.len);
}

typedef struct {
  Str words[8];
  int count;
} Command;

static void word(Command *command, Str s) { command->words[command->count++] = s; }

static void eval(Command *command, const char *script, Str key, Str first, Str ttl) {
  word(command, STR("EVAL"));
  word(command, str_of(script));
  word(command, STR("1"));
  word(command, key);
  word(command, first);
  word(command, ttl);
}

static void set(Command *command, const StoreCall *call, Str key, Str ttl) {
  word(command, STR("SET"));
  word(command, key);
  word(command, call->value);
  if (call->op == STORE_ADD) word(command, STR("NX"));
  if (call->ttl_ms) word(command, STR("PX"));
  if (call->ttl_ms) word(command, ttl);
}

static void incr(Command *command, const StoreCall *call, Str key, Str by, Str ttl) {
  if (call->ttl_ms) {
    eval(command, incr_script, key, by, ttl);
    return;
  }
  word(command, STR("INCRBY"));
  word(command, key);
  word(command, by);
}

static void make_command(const StoreCall *call, Str key, Str ttl, Str by, Command *out) {
  switch (call->op) {
    case STORE_LIST: break;  // it has a way of its own
    case STORE_GET:
    case STORE_DELETE:
      word(out, call->op == STORE_GET ? STR("GET") : STR("DEL"));
      word(out, key);
      break;
    case STORE_SET:
    case STORE_ADD: set(out, call, key, ttl); break;
    case STORE_INCR: incr(out, call, key, by, ttl); break;
    case STORE_SWAP:
      eval(out, swap_script, key, call->value, ttl);
      word(out, call->expected);
      break;
    case STORE_LEASE: eval(out, lease_script, key, call->value, ttl); break;
    case STORE_RELEASE: eval(out, release_script, key, call->value, ttl); break;
  }
}

static bool append_moves(Redis *redis, const StoreJob *job, Str key) {
  char old[NAME_MAX_LEN];
  for (int i = 0; !redis->settled && i < STORE_OLD_KEYS; i++) {
    if (job->old_keys[i].len == 0) continue;
    const Str rename[] = { STR("RENAMENX"), name_of(job->old_keys[i], old), key };
    if (!redis_link_add(redis->link, 3, rename)) return false;
  }
  return true;
}

static bool append(Redis *redis, const StoreJob *job) {
  char ttl[24], by[24], name[NAME_MAX_LEN];
  int ttl_len = snprintf(ttl, sizeof ttl, "%lld", (long long)job->call.ttl_ms);
  int by_len = snprintf(by, sizeof by, "%lld", (long long)job->call.by);
  Str key = name_of(job->key, name);
  Command command = { .count = 0 };
  make_command(&job->call, key, str_make(ttl, (size_t)ttl_len), str_make(by, (size_t)by_len),
               &command);
  const Str expiry[] = { STR("PTTL"), key };
  return append_moves(redis, job, key) &&
         redis_link_add(redis->link, command.count, command.words) &&
         (!job->call.with_expiry || redis_link_add(redis->link, 2, expiry));
}

// ---- replies ------------------------------------------------------------------------------------

// It was certainly not done, and another server, or this one a moment later, may do it.
static bool is_elsewhere(const redisReply *reply) {
  static const char *const words[] = { "READONLY", "LOADING", "MASTERDOWN", "CLUSTERDOWN",
                                       "NOAUTH" };
  if (reply->type != REDIS_REPLY_ERROR) return false;
  Str text = str_make(reply->str, reply->len);
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    if (str_starts(text, str_of(words[i]))) return true;
  }
  return false;
}

static void tell(const Redis *redis, StoreJob *job, ErrCode code, const redisReply *reply) {
  char where[300];
  err_set(&job->reply.err, code, "store: Redis%s: %.*s", place_of(redis, where),
          (int)(reply->len > 200 ? 200 : reply->len), reply->str);
}

static void refuse(const Redis *redis, StoreJob *job, const redisReply *reply) {
  Str text = str_make(reply->str, reply->len);
  if (job->call.op == STORE_INCR && str_find(text, STR("not an integer")) >= 0) {
    store_job_sum(job, STR("no number"));
  } else if (job->call.op == STORE_INCR && str_find(text, STR("overflow")) >= 0) {
    job->call.by = 1;
    store_job_sum(job, STR("9223372036854775807"));
  } else {
    tell(redis, job, ERR_FAILED, reply);
  }
}

static void take_text(StoreJob *job, Str text) {
  if (job->call.op != STORE_INCR) store_job_value(job, text);
  else job->reply.ok = str_to_int64(text, &job->reply.number);
}

static void take(Redis *redis, StoreJob *job, const redisReply *reply) {
  switch (reply->type) {
    case REDIS_REPLY_ERROR: refuse(redis, job, reply); break;
    case REDIS_REPLY_STRING: take_text(job, str_make(reply->str, reply->len)); break;
    case REDIS_REPLY_STATUS: job->reply.ok = true; break;
    case REDIS_REPLY_INTEGER:
      job->reply.ok = job->call.op == STORE_INCR || reply->integer != 0;
      job->reply.number = reply->integer;
      break;
    default: break;  // nil: there was nothing, or it was not set
  }
}

static bool skip_moves(Redis *redis, const StoreJob *job, int64_t give_up_us) {
  for (int i = 0; !redis->settled && i < STORE_OLD_KEYS; i++) {
    if (job->old_keys[i].len == 0) continue;
    redisReply *reply = read_reply(redis, give_up_us);
    if (!reply) return false;
    freeReplyObject(reply);
  }
  return true;
}

static bool read_expiry(Redis *redis, StoreJob *job, int64_t give_up_us) {
  if (!job->call.with_expiry) return true;
  redisReply *reply = read_reply(redis, give_up_us);
  if (!reply) return false;
  if (reply->type == REDIS_REPLY_INTEGER && reply->integer > 0)
    job->reply.expires_ms = clock_unix_ms() + reply->integer;
  freeReplyObject(reply);
  return true;
}

// The replies for one job. False: the link was lost. *elsewhere: the call was not done.
static bool read_job(Redis *redis, StoreJob *job, int64_t give_up_us, bool *elsewhere) {
  if (!skip_moves(redis, job, give_up_us)) return false;
  redisReply *reply = read_reply(redis, give_up_us);
  if (!reply) return false;
  *elsewhere = is_elsewhere(reply);
  if (*elsewhere) tell(redis, job, ERR_NETWORK, reply);
  else take(redis, job, reply);
  freeReplyObject(reply);
  return read_expiry(redis, job, give_up_us);
}

// ---- listing ------------------------------------------------------------------------------------

// In a pattern of SCAN these characters mean something.
static void add_pattern(Buf *pattern, Str prefix) {
  buf_add(pattern, STR(PREFIX));
  for (size_t i = 0; i < prefix.len; i++) {
    if (strchr("*?[]^-\\", prefix.ptr[i]) && prefix.ptr[i]) buf_addc(pattern, '\\');
    buf_addc(pattern, prefix.ptr[i]);
  }
  buf_addc(pattern, '*');
}

// One step of a SCAN from `cursor`, which is set to the next one; "0" at the end. NULL: the link was lost, or
// the step was refused, as redis->why says.
static redisReply *scan(Redis *redis, char cursor[24], Str pattern, int64_t give_up_us) {
  const Str words[] = { STR("SCAN"), str_of(cursor), STR("MATCH"),
                        pattern,     STR("COUNT"),   STR("1000") };
  if (!redis_link_add(redis->link, 6, words)) {
    give_link_up(redis, "no memory for a command");
    return NULL;
  }
  redisReply *reply = send_all(redis, give_up_us) ? read_reply(redis, give_up_us) : NULL;
  if (!reply) return NULL;
  bool good = reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
              reply->element[0]->type == REDIS_REPLY_STRING &&
              reply->element[1]->type == REDIS_REPLY_ARRAY && reply->element[0]->len < 24;
  if (good) {
    memcpy(cursor, reply->element[0]->str, reply->element[0]->len + 1);
    return reply;
  }
  give_link_up(redis,
               reply->type == REDIS_REPLY_ERROR ? reply->str : "it does not scan as Redis does");
  freeReplyObject(reply);
  return NULL;
}

static bool take_keys(StoreJob *job, Str prefix, const redisReply *keys) {
  for (size_t i = 0; i < keys->elements; i++) {
    const redisReply *key = keys->element[i];
    Str name = str_sub(str_make(key->str, key->len), strlen(PREFIX), key->len);
    if (key->type == REDIS_REPLY_STRING && !store_job_key(job, prefix, name)) return false;
  }
  return true;
}

static bool list_prefix(Redis *redis, StoreJob *job, Str prefix, Str pattern) {
  char cursor[24] = "0";
  do {
    if (clock_now_us() > job->give_up_us)
      return err_set(&job->reply.err, ERR_TIMEOUT,
                     "store: this Redis has too many keys to list some of them in time");
    redisReply *reply = scan(redis, cursor, pattern, job->give_up_us);
    if (!reply) {
      job->reply.err = redis->why;
      return false;
    }
    bool ok = take_keys(job, prefix, reply->element[1]);
    freeReplyObject(reply);
    if (!ok) return false;
  } while (strcmp(cursor, "0") != 0);
  return true;
}

static bool list_one(Redis *redis, StoreJob *job, Str prefix) {
  Buf pattern;
  buf_init(&pattern);
  add_pattern(&pattern, prefix);
  bool ok = !pattern.failed && list_prefix(redis, job, prefix, buf_str(&pattern));
  if (pattern.failed) err_set(&job->reply.err, ERR_MEMORY, "store: no memory");
  buf_clear(&pattern);
  return ok;
}

static void list(Redis *redis, StoreJob *job) {
  bool ok = list_one(redis, job, job->key);
  for (int i = 0; ok && !redis->settled && i < STORE_OLD_KEYS; i++) {
    if (job->old_keys[i].len) ok = list_one(redis, job, job->old_keys[i]);
  }
}

// ---- a batch ------------------------------------------------------------------------------------

// Those of the chain up to the next STORE_LIST, or to its end: what goes out together.
static size_t count_together(const StoreJob *first) {
  size_t count = 0;
  for (; first && first->call.op != STORE_LIST; first = first->next) count++;
  return count;
}

static bool send_jobs(Redis *redis, const StoreJob *first, size_t count, int64_t give_up_us) {
  for (size_t i = 0; i < count; i++, first = first->next) {
    if (!append(redis, first)) return give_link_up(redis, "no memory for a command");
  }
  return send_all(redis, give_up_us);
}

// Makes the calls; those that were not done, because another server is to do them, are left with an error.
// Returns how many those are; -1: the link was lost, and what was not answered has failed.
static int attempt(Redis *redis, StoreJob *first, size_t count, int64_t give_up_us) {
  int left = 0;
  if (!connect_now(redis, give_up_us) || !send_jobs(redis, first, count, give_up_us)) {
    for (size_t i = 0; i < count; i++, first = first->next) first->reply.err = redis->why;
    return -1;
  }
  for (size_t i = 0; i < count; i++, first = first->next) {
    bool elsewhere = false;
    if (!redis->link || !read_job(redis, first, give_up_us, &elsewhere)) {
      first->reply.err = redis->why;
      left = -1;
    } else if (elsewhere && left >= 0) {
      left++;
    }
  }
  return left;
}

// The same calls one by one over a new link, for those that were not done.
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
    pause_attempts(redis);
  }
}

static void redis_run(void *self, StoreJob *first) {
  Redis *redis = self;
  // One that has waited for its turn gets a moment at least: it says nothing about Redis that it had to wait.
  int64_t soonest_us = clock_now_us() + MOMENT_US;
  int64_t give_up_us = first->give_up_us > soonest_us ? first->give_up_us : soonest_us;
  for (StoreJob *job = first; job;) {
    size_t count = count_together(job);
    if (count > 0) {
      if (attempt(redis, job, count, give_up_us) > 0) attempt_again(redis, job, count, give_up_us);
      for (; count > 0; count--) job = job->next;
      continue;
    }
    if (connect_now(redis, job->give_up_us)) list(redis, job);
    else job->reply.err = redis->why;
    job = job->next;
  }
}

// ---- looking after it ---------------------------------------------------------------------------

// One step of the search for keys of an older version, through all keys there are. Once a round has found none,
// no call looks for them any more.
static void search_old(Redis *redis, int64_t give_up_us) {
  bool any = false;
  for (int i = 0; i < STORE_OLD_KEYS; i++) any = any || redis->prefixes->old[i][0];
  if (!any) redis->settled = true;
  if (redis->settled) return;
  redisReply *reply = scan(redis, redis->cursor, STR(PREFIX "[ks]:*"), give_up_us);
  if (!reply) return;
  const redisReply *keys = reply->element[1];
  for (size_t k = 0; k < keys->elements; k++) {
    Str name = str_sub(str_make(keys->element[k]->str, keys->element[k]->len), strlen(PREFIX),
                       NAME_MAX_LEN);
    for (int i = 0; i < STORE_OLD_KEYS; i++)
      if (redis->prefixes->old[i][0] && str_starts(name, str_of(redis->prefixes->old[i])))
        redis->found_old = true;
  }
  freeReplyObject(reply);
  if (strcmp(redis->cursor, "0") != 0) return;
  redis->settled = !redis->found_old;
  redis->found_old = false;
}

static bool ping(Redis *redis, int64_t give_up_us) {
  const Str words[] = { STR("PING") };
  if (!redis_link_add(redis->link, 1, words)) return give_link_up(redis, "no memory for a command");
  redisReply *reply = send_all(redis, give_up_us) ? read_reply(redis, give_up_us) : NULL;
  if (!reply) return false;
  bool elsewhere = is_elsewhere(reply);
  if (elsewhere) give_link_up(redis, reply->str);
  freeReplyObject(reply);
  return !elsewhere;
}

static bool redis_tick(void *self, Err *err) {
  Redis *redis = self;
  int64_t now = clock_now_us(), give_up_us = now + CALL_US;
  if (redis->sentinel) redis_sentinel_look(redis->sentinel, now + CALL_US / 3);
  bool ok = connect_now(redis, give_up_us);
  if (ok && now - redis->used_us > PING_US) ok = ping(redis, give_up_us);
  if (ok) search_old(redis, give_up_us);
  if (!ok && err) *err = redis->why;
  return ok;
}

// ---- opening ------------------------------------------------------------------------------------

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

// Copies the URL into the handle's own bytes, and what is decoded behind it.
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
    ok = connect_now(redis, clock_now_us() + CALL_US) || redis->why.code == ERR_NETWORK;
    if (!ok && err) *err = redis->why;
  }
  if (ok) return redis;
  if (redis) redis_close(redis);
  return NULL;
}

const StoreBackend store_redis = {
  .name = "redis",
  .forms = redis_url_forms,
  .shared = true,
  .check = redis_check,
  .open = redis_open,
  .run = redis_run,
  .tick = redis_tick,
  .close = redis_close,
};
