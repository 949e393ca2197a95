#include "script/send_right.h"

#include "base/clock.h"

#include <stdio.h>

enum { REFUSED_MS = 3600 * 1000, KEY_SIZE = 128 };

static void name_key(Str account, char key[KEY_SIZE]) {
  snprintf(key, KEY_SIZE, "no_custom_messages/%.*s", STR_FMT(account));
}

// Returns whether the configuration excludes customer service messages, which the store cannot change.
static bool is_for_good(const BotShared *shared) {
  return atomic_load(&((BotShared *)shared)->not_allowed_until_ms) == INT64_MAX;
}

void send_right_learn(Store *store, Str account, BotShared *shared) {
  char key[KEY_SIZE];
  if (is_for_good(shared)) return;
  name_key(account, key);
  StoreCall call = { .op = STORE_GET, .key = str_of(key), .with_expiry = true };
  StoreReply *reply = store_call_wait(store, &call, NULL);
  if (reply && reply->err.code == ERR_NONE)
    atomic_store(&shared->not_allowed_until_ms, reply->ok ? reply->expires_ms : 0);
  store_reply_free(reply);
}

static void write_down(Store *store, Str account, bool allowed) {
  char key[KEY_SIZE];
  name_key(account, key);
  StoreCall call = { .op = allowed ? STORE_DELETE : STORE_SET,
                     .key = str_of(key),
                     .value = STR("1"),
                     .ttl_ms = allowed ? 0 : REFUSED_MS };
  store_call(store, &call, store_reply_drop, NULL, NULL);
}

bool send_right_note(Store *store, Str account, BotShared *shared, bool allowed) {
  if (is_for_good(shared) || shared_sends_nothing(shared) == !allowed) return false;
  atomic_store(&shared->not_allowed_until_ms, allowed ? 0 : clock_unix_ms() + REFUSED_MS);
  if (store) write_down(store, account, allowed);
  return true;
}
