// One call of the store as Redis commands, and its result from their replies.
#include "store/redis_inner.h"

#include "base/clock.h"

#include <stdio.h>

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
// The sum is returned as text: a script's number would be rounded past 2^53.
static const char incr_script[] =
    "local fresh = redis.call('EXISTS', KEYS[1]) == 0 redis.call('INCRBY', KEYS[1], ARGV[1]) "
    "if fresh then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return redis.call('GET', KEYS[1])";

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
    case STORE_LIST: break;  // see redis_scan.c
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

bool redis_call_add(Redis *redis, const StoreJob *job) {
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

static void tell(const Redis *redis, StoreJob *job, ErrCode code, const redisReply *reply) {
  redis_explain(redis, code, str_make(reply->str, reply->len > 200 ? 200 : reply->len),
                &job->reply.err);
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
    default: break;  // nil: there was no value, or it was not set
  }
}

static bool skip_moves(Redis *redis, const StoreJob *job, int64_t give_up_us) {
  for (int i = 0; !redis->settled && i < STORE_OLD_KEYS; i++) {
    if (job->old_keys[i].len == 0) continue;
    redisReply *reply = redis_read(redis, give_up_us);
    if (!reply) return false;
    freeReplyObject(reply);
  }
  return true;
}

static bool read_expiry(Redis *redis, StoreJob *job, int64_t give_up_us) {
  if (!job->call.with_expiry) return true;
  redisReply *reply = redis_read(redis, give_up_us);
  if (!reply) return false;
  if (reply->type == REDIS_REPLY_INTEGER && reply->integer > 0)
    job->reply.expires_ms = clock_unix_ms() + reply->integer;
  freeReplyObject(reply);
  return true;
}

bool redis_call_read(Redis *redis, StoreJob *job, int64_t give_up_us, bool *elsewhere) {
  if (!skip_moves(redis, job, give_up_us)) return false;
  redisReply *reply = redis_read(redis, give_up_us);
  if (!reply) return false;
  *elsewhere = redis_is_elsewhere(reply);
  if (*elsewhere) tell(redis, job, ERR_NETWORK, reply);
  else take(redis, job, reply);
  freeReplyObject(reply);
  return read_expiry(redis, job, give_up_us);
}
