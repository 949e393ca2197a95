// "forgotten/ACCOUNT" counts the forgotten users; "forgotten/ACCOUNT/NUMBER/OPENID" names each user for a minute, and
// is set just after the user was counted (lua/wechat/forget.lua).
#include "bot/forgotten.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "script/forget.h"

enum { ASK_US = 1000 * 1000 };

struct Forgotten {
  Store *store;
  BotShared *shared;
  Pool *pool;
  char key[128];
  int64_t ask_us;   // when to ask next
  int64_t counted;  // at the last check
  bool again;       // a name may have been set after the last check
  int64_t newest;   // the largest number seen
  uint64_t seen;    // bit N: number `newest - N` was seen
  pthread_mutex_t mutex;
  pthread_cond_t answered;
  bool asking;
};

Forgotten *forgotten_new(Store *store, Str account, BotShared *shared) {
  Forgotten *forgotten = calloc(1, sizeof *forgotten);
  if (!forgotten) return NULL;
  forgotten->store = store;
  forgotten->shared = shared;
  snprintf(forgotten->key, sizeof forgotten->key, "forgotten/%.*s", STR_FMT(account));
  pthread_mutex_init(&forgotten->mutex, NULL);
  pthread_cond_init(&forgotten->answered, NULL);
  return forgotten;
}

void forgotten_set_pool(Forgotten *forgotten, Pool *pool) { forgotten->pool = pool; }

static void end_asking(Forgotten *forgotten) {
  pthread_mutex_lock(&forgotten->mutex);
  forgotten->asking = false;
  pthread_cond_signal(&forgotten->answered);
  pthread_mutex_unlock(&forgotten->mutex);
}

// Asks the store. If that fails, forgotten_look asks again a second later.
static void ask(Forgotten *forgotten, const StoreCall *call, StoreDone done) {
  if (!store_call(forgotten->store, call, done, forgotten, NULL)) end_asking(forgotten);
}

// Returns true once per name, because the user may write again within the minute.
static bool is_new(Forgotten *forgotten, int64_t number) {
  int64_t ahead = number - forgotten->newest;
  if (ahead > 0) {
    forgotten->seen = ahead < 64 ? forgotten->seen << ahead : 0;
    forgotten->newest = number;
    ahead = 0;
  }
  uint64_t bit = ahead > -64 ? UINT64_C(1) << -ahead : 0;
  bool fresh = bit && !(forgotten->seen & bit);
  forgotten->seen |= bit;
  return fresh;
}

static void forget(Forgotten *forgotten, int64_t number, Str openid) {
  for (size_t i = 0; forgotten->pool && i < pool_count(forgotten->pool); i++) {
    Interpreter *in = pool_get(forgotten->pool, i);
    if (!forget_is_own(forgotten->shared, number, in)) forget_user_soon(in, openid);
    interpreter_release(in);
  }
  conversations_end_user(forgotten->shared->conversations, openid, "forgotten");
}

static void take_name(Forgotten *forgotten, Str key) {
  Str digits, openid;
  int64_t number;
  key = str_sub(key, strlen(forgotten->key) + 1, key.len);
  if (str_cut(key, '/', &digits, &openid) && str_to_int64(digits, &number) &&
      is_new(forgotten, number))
    forget(forgotten, number, openid);
}

// On the store's thread, like on_count.
static void on_names(void *ctx, StoreReply *reply) {
  Forgotten *forgotten = ctx;
  Str rest = reply->value, key;
  while (reply->err.code == ERR_NONE && store_reply_next_key(&rest, &key))
    take_name(forgotten, key);
  store_reply_free(reply);
  end_asking(forgotten);
}

static void on_count(void *ctx, StoreReply *reply) {
  Forgotten *forgotten = ctx;
  int64_t count = 0;
  bool known = reply->err.code == ERR_NONE;
  if (known && reply->ok) str_to_int64(reply->value, &count);
  store_reply_free(reply);
  bool changed = known && count != forgotten->counted, look = changed || forgotten->again;
  if (known) forgotten->counted = count;
  if (known) forgotten->again = changed;
  char prefix[sizeof forgotten->key + 1];
  snprintf(prefix, sizeof prefix, "%s/", forgotten->key);
  if (known && look)
    ask(forgotten, &(StoreCall){ .op = STORE_LIST, .key = str_of(prefix) }, on_names);
  else end_asking(forgotten);
}

void forgotten_look(Forgotten *forgotten, int64_t now_us) {
  if (now_us < forgotten->ask_us) return;
  forgotten->ask_us = now_us + ASK_US;
  pthread_mutex_lock(&forgotten->mutex);
  bool free = !forgotten->asking;
  forgotten->asking = true;
  pthread_mutex_unlock(&forgotten->mutex);
  if (free)
    ask(forgotten, &(StoreCall){ .op = STORE_GET, .key = str_of(forgotten->key) }, on_count);
}

void forgotten_free(Forgotten *forgotten) {
  if (!forgotten) return;
  pthread_mutex_lock(&forgotten->mutex);
  while (forgotten->asking) pthread_cond_wait(&forgotten->answered, &forgotten->mutex);
  pthread_mutex_unlock(&forgotten->mutex);
  pthread_cond_destroy(&forgotten->answered);
  pthread_mutex_destroy(&forgotten->mutex);
  free(forgotten);
}
