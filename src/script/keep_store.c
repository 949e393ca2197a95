// Calls of the store that are waited for, and what the index notes of them.
#include "script/keep_inner.h"

#include "base/clock.h"

enum {
  LOOK_MS = 1000,       // between two checks of a run of another process
  AWAY_US = 200 * 1000  // how long the store is not asked after it was away
};

bool keep_is_shared(const Keep *keep) { return store_company(keep->options.store) != STORE_ALONE; }

bool keep_is_own(const Keep *keep, const KeptRun *run) {
  return str_eq(run->process, str_of(keep->process));
}

void keep_note(Keep *keep, Str key, const KeptRun *run) {
  // A late question has answered its message: from then on the run waits for its user.
  bool owed = run->owed && (run->state == KEPT_RUNS || run->identity.len > 0);
  EntryNote note = { .state = ENTRY_ASKS, .owed = owed, .look_ms = INT64_MAX };
  if (run->state == KEPT_ASKS) {
    if (run->until_ms) note.look_ms = run->until_ms;
  } else if (keep_is_own(keep, run)) {
    note.state = ENTRY_MINE;
  } else {
    note.state = ENTRY_OTHER;
    note.look_ms = clock_unix_ms() + LOOK_MS;
  }
  kept_index_note(keep->index, key, note);
}

Str keep_key_of(const Keep *keep, Str openid, Str identity, char text[STORE_KEY_MAX]) {
  Str prefix = str_of(identity.len ? keep->owes : keep->asked);
  Str parts[] = { prefix, openid, identity.len ? STR("/") : STR(""), identity };
  char *at = text;
  if (prefix.len + openid.len + parts[2].len + identity.len > STORE_KEY_MAX) return STR("");
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) at = str_put(at, parts[i]);
  return str_make(text, (size_t)(at - text));
}

bool keep_has(Keep *keep, Str openid) {
  char text[STORE_KEY_MAX];
  Str key = keep_key_of(keep, openid, STR(""), text);
  return key.len && kept_index_has(keep->index, key);
}

bool keep_knows_all(const Keep *keep) {
  int64_t listed_us = atomic_load(&((Keep *)keep)->listed_us);
  return listed_us && store_alone_since(keep->options.store, listed_us);
}

bool keep_lacks(Keep *keep, Str openid) {
  if (!keep->options.conversations) return true;
  if (!keep_knows_all(keep)) return false;
  return kept_index_conversations(keep->index) == 0 || !keep_has(keep, openid);
}

static void note_answer(Keep *keep, bool answered) {
  if (answered && !atomic_load_explicit(&keep->away_since_us, memory_order_relaxed)) return;
  int64_t now_us = answered ? 0 : clock_now_us(), never = 0;
  if (answered) atomic_store(&keep->away_since_us, 0);
  else atomic_compare_exchange_strong(&keep->away_since_us, &never, now_us);
  atomic_store(&keep->away_us, now_us);
}

bool keep_was_away(const Keep *keep) {
  int64_t away_us = atomic_load_explicit(&((Keep *)keep)->away_us, memory_order_relaxed);
  return away_us && clock_now_us() - away_us < AWAY_US;
}

Asked keep_ask_store(Keep *keep, const StoreCall *call, Buf *value) {
  StoreReply *reply = store_call_wait(keep->options.store, call, NULL);
  bool answered = reply && reply->err.code == ERR_NONE, has = answered && reply->ok;
  note_answer(keep, answered);
  if (has && value) {
    buf_reset(value);
    buf_add(value, reply->value);
    answered = !value->failed;
  }
  store_reply_free(reply);
  return !answered ? STORE_AWAY : has ? STORE_HAS : STORE_LACKS;
}

Asked keep_read_value(Keep *keep, Str key, Buf *value) {
  return keep_ask_store(keep, &(StoreCall){ .op = STORE_GET, .key = key }, value);
}

Asked keep_read_run(Keep *keep, Str key, Buf *value, KeptRun *run) {
  Asked asked = keep_read_value(keep, key, value);
  if (asked == STORE_HAS && !kept_read(buf_str(value), run)) asked = STORE_LACKS;
  if (asked == STORE_HAS) keep_note(keep, key, run);
  if (asked == STORE_LACKS) kept_index_forget(keep->index, key);
  return asked;
}
