// Finds keys by their prefix.
#include "store/redis_inner.h"

#include "base/clock.h"

// These characters are special in a pattern of SCAN.
static void add_pattern(Buf *pattern, Str prefix) {
  buf_add(pattern, STR(PREFIX));
  for (size_t i = 0; i < prefix.len; i++) {
    if (strchr("*?[]^-\\", prefix.ptr[i]) && prefix.ptr[i]) buf_addc(pattern, '\\');
    buf_addc(pattern, prefix.ptr[i]);
  }
  buf_addc(pattern, '*');
}

// A step takes a healthy Redis some milliseconds: one that is silent does not use up the time of the whole listing.
static int64_t end_of_step(int64_t give_up_us) {
  int64_t step_us = clock_now_us() + REDIS_CALL_US;
  return step_us < give_up_us ? step_us : give_up_us;
}

// Makes one step of a SCAN from `cursor` and sets the next one; "0" at the end. NULL: the link was lost, or
// Redis refused; redis->why has the reason.
static redisReply *scan(Redis *redis, char cursor[24], Str pattern, int64_t give_up_us) {
  const Str words[] = { STR("SCAN"), str_of(cursor), STR("MATCH"),
                        pattern,     STR("COUNT"),   STR("1000") };
  if (!redis_link_add(redis->link, 6, words)) {
    redis_give_up(redis, "no memory for a command");
    return NULL;
  }
  redisReply *reply = redis_send(redis, give_up_us) ? redis_read(redis, give_up_us) : NULL;
  if (!reply) return NULL;
  bool good = reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
              reply->element[0]->type == REDIS_REPLY_STRING &&
              reply->element[1]->type == REDIS_REPLY_ARRAY && reply->element[0]->len < 24;
  if (good) {
    memcpy(cursor, reply->element[0]->str, reply->element[0]->len + 1);
    return reply;
  }
  redis_give_up(redis,
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
                     "store: this Redis has too many keys to be listed in time");
    redisReply *reply = scan(redis, cursor, pattern, end_of_step(job->give_up_us));
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

void redis_list(Redis *redis, StoreJob *job) {
  if (!redis_connect(redis, end_of_step(job->give_up_us))) {
    job->reply.err = redis->why;
    return;
  }
  bool ok = list_one(redis, job, job->key);
  for (int i = 0; ok && !redis->settled && i < STORE_OLD_KEYS; i++) {
    if (job->old_keys[i].len) ok = list_one(redis, job, job->old_keys[i]);
  }
}

void redis_search_old(Redis *redis, int64_t give_up_us) {
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
