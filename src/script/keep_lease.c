// The lease of this process, which says that its runs are its own, and those of other processes.
#include "script/keep_inner.h"

#include "base/clock.h"

enum { RENEW_US = 3000 * 1000 };

bool keep_is_alive(Keep *keep, Str process) {
  bool alive;
  Buf key;
  if (process_watch_look(keep->processes, process, &alive)) return alive;
  buf_init(&key);
  keep_lease_key(keep, process, &key);
  StoreCall call = { .op = STORE_GET, .key = buf_str(&key) };
  StoreReply *reply = store_call_wait(keep->options.store, &call, NULL);
  alive = !reply || reply->err.code != ERR_NONE || reply->ok;
  store_reply_free(reply);
  buf_clear(&key);
  return alive;
}

static void note_held(Keep *keep, int64_t at_us) {
  int64_t before_us = atomic_exchange(&keep->held_us, at_us);
  if (before_us && at_us - before_us > KEEP_LEASE_MS * 1000) atomic_fetch_add(&keep->lapses, 1);
}

int64_t keep_lapses(const Keep *keep) {
  int64_t held_us = atomic_load(&((Keep *)keep)->held_us);
  bool held = clock_now_us() - held_us <= KEEP_LEASE_MS * 1000;
  return held ? atomic_load(&((Keep *)keep)->lapses) : -1;
}

static StoreCall renewal(const Keep *keep) {
  return (StoreCall){ .op = STORE_LEASE,
                      .key = str_of(keep->process_key),
                      .value = str_of(keep->process),
                      .ttl_ms = KEEP_LEASE_MS };
}

void keep_renew(Keep *keep) {
  int64_t now_us = clock_now_us();
  if (!keep_is_shared(keep)) return note_held(keep, now_us);
  if (now_us < keep->renew_us) return;
  keep->renew_us = now_us + RENEW_US;
  StoreCall call = renewal(keep);
  if (keep_ask_store(keep, &call, NULL) != STORE_AWAY) note_held(keep, now_us);
}

// Without waiting for the store, which may be away at the start.
void keep_renew_first(Keep *keep) {
  StoreCall call = renewal(keep);
  atomic_store(&keep->held_us, clock_now_us());
  if (!keep_is_shared(keep)) return;
  keep->renew_us = clock_now_us() + RENEW_US;
  store_call(keep->options.store, &call, store_reply_drop, NULL, NULL);
}

void keep_lease_key(const Keep *keep, Str process, Buf *key) {
  buf_printf(key, "process/%.*s/%.*s", STR_FMT(keep->options.account), STR_FMT(process));
}

void keep_end_lease(Keep *keep) {
  StoreCall call = { .op = STORE_DELETE, .key = str_of(keep->process_key) };
  if (keep->renew_us) store_call(keep->options.store, &call, store_reply_drop, NULL, NULL);
}
