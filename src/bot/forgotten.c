// "forgotten/ACCOUNT" counts the notices. Each notice has its own key for some seconds, which is set just after the
// notice was counted (lua/wechat/forget.lua):
//   forgotten/ACCOUNT/NUMBER/OPENID: forget the user
//   forgotten/ACCOUNT/NUMBER@MADE.ARRIVED/OPENID/IDENTITY: message IDENTITY cancels the earlier messages of its user; its
//     CreateTime is MADE (Unix seconds), and it arrived at ARRIVED (Unix milliseconds)
#include "bot/forgotten.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "script/cancel.h"

enum {
  ASK_US = 1000 * 1000,
  SEEN = 4096,
  CANCELLED_MS = 1000  // by then this process's work for a forgotten user has ended
};

struct Forgotten {
  Store *store;
  Str account;
  BotShared *shared;
  char key[128];
  int64_t ask_us;      // when to ask next
  int64_t counted;     // at the last check
  bool again;          // a notice may have been set after the last check
  int64_t seen[SEEN];  // at number % SEEN: the last handled number
  pthread_mutex_t mutex;
  pthread_cond_t answered;
  bool asking;
};

Forgotten *forgotten_new(Store *store, Str account, BotShared *shared) {
  Forgotten *forgotten = calloc(1, sizeof *forgotten);
  if (!forgotten) return NULL;
  forgotten->store = store;
  forgotten->account = account;
  forgotten->shared = shared;
  snprintf(forgotten->key, sizeof forgotten->key, "forgotten/%.*s", STR_FMT(account));
  pthread_mutex_init(&forgotten->mutex, NULL);
  pthread_cond_init(&forgotten->answered, NULL);
  return forgotten;
}

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

// Returns true once per notice, because the user may write again while the notice's key still exists.
static bool is_new(Forgotten *forgotten, int64_t number) {
  int64_t *seen = &forgotten->seen[(uint64_t)number % SEEN];
  bool fresh = number > *seen;
  if (fresh) *seen = number;
  return fresh;
}

// Returns this process's monotonic time for a Unix time.
static int64_t arrived_here_us(int64_t unix_ms) {
  return clock_now_us() - (clock_unix_ms() - unix_ms) * 1000;
}

// Reads "MADE.ARRIVED" and "OPENID/IDENTITY".
static bool read_newest(Str times, Str who, Cancel *cancel) {
  Str made, arrived;
  int64_t arrived_ms;
  if (!str_cut(times, '.', &made, &arrived) || !str_to_int64(made, &cancel->before.made_s) ||
      !str_to_int64(arrived, &arrived_ms))
    return false;
  cancel->before.arrived_us = arrived_here_us(arrived_ms);
  return str_cut(who, '/', &cancel->openid, &cancel->identity);
}

// A message that this process sent to the user between the notice and now was counted anew (lua/wechat/quota.lua).
static void drop_quota(const Forgotten *forgotten, Str openid) {
  char key[STORE_KEY_MAX];
  int len =
      snprintf(key, sizeof key, "quota/%.*s/%.*s", STR_FMT(forgotten->account), STR_FMT(openid));
  StoreCall call = { .op = STORE_DELETE,
                     .key = str_make(key, (size_t)len),
                     .delay_ms = CANCELLED_MS };
  if (len < (int)sizeof key) store_call(forgotten->store, &call, store_reply_drop, NULL, NULL);
}

static void take_name(Forgotten *forgotten, Str key) {
  Str about, who, digits, times;
  int64_t number;
  Cancel cancel = { 0 };
  key = str_sub(key, strlen(forgotten->key) + 1, key.len);
  if (!str_cut(key, '/', &about, &who)) return;
  bool newest = str_cut(about, '@', &digits, &times);
  if (!str_to_int64(newest ? digits : about, &number) || !is_new(forgotten, number)) return;
  if (newest && !read_newest(times, who, &cancel)) return;
  if (!newest) cancel = (Cancel){ .openid = who, .all = true };
  if (cancels_is_own(forgotten->shared->cancels, number)) return;
  cancel_elsewhere(forgotten->shared, NULL, &cancel);
  if (!cancel.all) return;
  conversations_end_user(forgotten->shared->conversations, cancel.openid, "forgotten");
  drop_quota(forgotten, cancel.openid);
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
  // a smaller count: the store was emptied or replaced
  if (known && count < forgotten->counted) memset(forgotten->seen, 0, sizeof forgotten->seen);
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
