// "forgotten/ACCOUNT" counts the notices. Each notice has its own key for some seconds, which is set just after the
// notice was counted (lua/wechat/forget.lua):
//   forgotten/ACCOUNT/NUMBER@AT/OPENID: forget the user, as of AT (Unix milliseconds); an earlier wemoon writes no @AT.
//     The value is the identity of the user's message whose script forgets, and which goes on; empty: none. A leading
//     "c" (no identity begins with one) says that this script is the user's conversation in the store. An earlier wemoon
//     writes no value, and reads none: it ends that message too
//   forgotten/ACCOUNT/NUMBER@MADE.ARRIVED/OPENID/IDENTITY: message IDENTITY cancels the earlier messages of its user;
//     its CreateTime is MADE (Unix seconds), and it arrived at ARRIVED (Unix milliseconds)
#include "bot/notices.h"

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

struct Notices {
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
  int asking;  // calls of the store under way
};

// Another process's forget, whose value is read.
typedef struct {
  Notices *notices;
  Cancel cancel;             // its openid is a copy, in `openid`
  bool spares_conversation;  // the one in the store, of which this process may have an old copy
  char openid[];
} Forget;

Notices *notices_new(Store *store, Str account, BotShared *shared) {
  Notices *notices = calloc(1, sizeof *notices);
  if (!notices) return NULL;
  notices->store = store;
  notices->account = account;
  notices->shared = shared;
  snprintf(notices->key, sizeof notices->key, "forgotten/%.*s", STR_FMT(account));
  pthread_mutex_init(&notices->mutex, NULL);
  pthread_cond_init(&notices->answered, NULL);
  return notices;
}

static void end_asking(Notices *notices) {
  pthread_mutex_lock(&notices->mutex);
  notices->asking--;
  pthread_cond_signal(&notices->answered);
  pthread_mutex_unlock(&notices->mutex);
}

// Asks the store. If that fails, notices_look asks again a second later.
static void ask(Notices *notices, const StoreCall *call, StoreDone done) {
  if (!store_call(notices->store, call, done, notices, NULL)) end_asking(notices);
}

// Returns true once per notice, because the user may write again while the notice's key still exists.
static bool is_new(Notices *notices, int64_t number) {
  int64_t *seen = &notices->seen[(uint64_t)number % SEEN];
  bool fresh = number > *seen;
  if (fresh) *seen = number;
  return fresh;
}

// Returns this process's monotonic time for a Unix time.
static int64_t arrived_here_us(int64_t unix_ms) {
  return clock_now_us() - (clock_unix_ms() - unix_ms) * 1000;
}

// The other process's clock may be ahead: what comes after the notice is not cancelled.
static int64_t not_later(int64_t us) {
  int64_t now_us = clock_now_us();
  return us < now_us ? us : now_us;
}

static bool read_forgotten(Str at, Str who, Cancel *cancel) {
  int64_t at_ms;
  *cancel = (Cancel){ .openid = who, .all = true };
  bool ok = at.len == 0 || str_to_int64(at, &at_ms);
  if (ok && at.len) cancel->before.arrived_us = not_later(arrived_here_us(at_ms));
  return ok;
}

// Reads "MADE.ARRIVED" and "OPENID/IDENTITY", or else the time of a forget and whom it concerns.
static bool read_cancel(Str times, Str who, Cancel *cancel) {
  Str made, arrived;
  int64_t arrived_ms;
  if (str_find(times, STR(".")) < 0) return read_forgotten(times, who, cancel);
  if (!str_cut(times, '.', &made, &arrived) || !str_to_int64(made, &cancel->before.made_s) ||
      !str_to_int64(arrived, &arrived_ms))
    return false;
  cancel->before.arrived_us = arrived_here_us(arrived_ms);
  return str_cut(who, '/', &cancel->openid, &cancel->identity);
}

// A message that this process sent to the user between the notice and now was counted anew (lua/wechat/quota.lua).
static void drop_quota(const Notices *notices, Str openid) {
  char key[STORE_KEY_MAX];
  int len =
      snprintf(key, sizeof key, "quota/%.*s/%.*s", STR_FMT(notices->account), STR_FMT(openid));
  StoreCall call = { .op = STORE_DELETE,
                     .key = str_make(key, (size_t)len),
                     .delay_ms = CANCELLED_MS };
  if (len < (int)sizeof key) store_call(notices->store, &call, store_reply_drop, NULL, NULL);
}

static void forget(Notices *notices, const Cancel *cancel, bool spares_conversation) {
  Conversations *conversations = notices->shared->conversations;
  cancel_elsewhere(notices->shared, NULL, cancel);
  if (spares_conversation) conversations_end_unkept(conversations, cancel->openid, "forgotten");
  else conversations_end_user(conversations, cancel->openid, "forgotten");
  drop_quota(notices, cancel->openid);
}

static void read_spared(Forget *it, Str value) {
  it->spares_conversation = str_starts(value, STR("c"));
  it->cancel.identity = it->spares_conversation ? str_sub(value, 1, value.len) : value;
}

// Without the value the user is forgotten all the same.
static void on_forget(void *ctx, StoreReply *reply) {
  Forget *it = ctx;
  if (reply->err.code == ERR_NONE && reply->ok) read_spared(it, reply->value);
  forget(it->notices, &it->cancel, it->spares_conversation);
  store_reply_free(reply);
  end_asking(it->notices);
  free(it);
}

static void take_forget(Notices *notices, Str key, const Cancel *cancel) {
  Forget *it = malloc(sizeof *it + cancel->openid.len);
  if (!it) return forget(notices, cancel, false);
  *it = (Forget){ .notices = notices, .cancel = *cancel };
  str_put(it->openid, cancel->openid);
  it->cancel.openid = str_make(it->openid, cancel->openid.len);
  pthread_mutex_lock(&notices->mutex);
  notices->asking++;
  pthread_mutex_unlock(&notices->mutex);
  if (store_call(notices->store, &(StoreCall){ .op = STORE_GET, .key = key }, on_forget, it, NULL))
    return;
  forget(notices, cancel, false);
  end_asking(notices);
  free(it);
}

static void take_name(Notices *notices, Str full) {
  Str about, who, digits, times = { 0 };
  int64_t number;
  Cancel cancel = { 0 };
  Str key = str_sub(full, strlen(notices->key) + 1, full.len);
  if (!str_cut(key, '/', &about, &who)) return;
  bool timed = str_cut(about, '@', &digits, &times);
  if (!str_to_int64(timed ? digits : about, &number) || !is_new(notices, number)) return;
  if (!read_cancel(timed ? times : STR(""), who, &cancel)) return;
  bool own = cancels_is_own(notices->shared->cancels, number);
  if (own && cancel.all) drop_quota(notices, cancel.openid);
  if (own) return;
  if (cancel.all) take_forget(notices, full, &cancel);
  else cancel_elsewhere(notices->shared, NULL, &cancel);
}

// On the store's thread, like on_count.
static void on_names(void *ctx, StoreReply *reply) {
  Notices *notices = ctx;
  Str rest = reply->value, key;
  while (reply->err.code == ERR_NONE && store_reply_next_key(&rest, &key)) take_name(notices, key);
  store_reply_free(reply);
  end_asking(notices);
}

static void on_count(void *ctx, StoreReply *reply) {
  Notices *notices = ctx;
  int64_t count = 0;
  bool known = reply->err.code == ERR_NONE;
  if (known && reply->ok) str_to_int64(reply->value, &count);
  store_reply_free(reply);
  // a smaller count: the store was emptied or replaced
  if (known && count < notices->counted) memset(notices->seen, 0, sizeof notices->seen);
  bool changed = known && count != notices->counted, look = changed || notices->again;
  if (known) notices->counted = count;
  if (known) notices->again = changed;
  char prefix[sizeof notices->key + 1];
  snprintf(prefix, sizeof prefix, "%s/", notices->key);
  if (known && look)
    ask(notices, &(StoreCall){ .op = STORE_LIST, .key = str_of(prefix) }, on_names);
  else end_asking(notices);
}

void notices_look(Notices *notices, int64_t now_us) {
  if (now_us < notices->ask_us) return;
  notices->ask_us = now_us + ASK_US;
  pthread_mutex_lock(&notices->mutex);
  bool rests = notices->asking == 0;
  if (rests) notices->asking++;
  pthread_mutex_unlock(&notices->mutex);
  if (rests) ask(notices, &(StoreCall){ .op = STORE_GET, .key = str_of(notices->key) }, on_count);
}

void notices_free(Notices *notices) {
  if (!notices) return;
  pthread_mutex_lock(&notices->mutex);
  while (notices->asking > 0) pthread_cond_wait(&notices->answered, &notices->mutex);
  pthread_mutex_unlock(&notices->mutex);
  pthread_cond_destroy(&notices->answered);
  pthread_mutex_destroy(&notices->mutex);
  free(notices);
}
