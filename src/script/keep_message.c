// Messages in the store whose scripts have not begun.
#include "script/keep_inner.h"

#include "base/clock.h"
#include "engine/record.h"

// Appends a record in which nothing is recorded. Returns false without memory.
static bool write_empty_record(Buf *out) {
  Record *record = record_new();
  bool ok = record && record_save(record, out);
  record_free(record);
  return ok;
}

bool keep_owe_message(Keep *keep, const KeepMessage *message, StoreDone done, void *ctx) {
  Buf record, value, none;
  buf_init(&record);
  buf_init(&value);
  buf_init(&none);
  bool ok = message->identity.len && write_empty_record(&record);
  KeptRun run = { .state = KEPT_RUNS,
                  .owed = true,
                  .unbegun = true,
                  .process = keep_process(keep),
                  .openid = message->openid,
                  .identity = message->identity,
                  .message = message->document,
                  .answering = message->document,
                  .begun_s = clock_unix_s(),
                  .arrived_us = message->arrived_us,
                  .record = buf_str(&record) };
  ok = ok && keep_save(keep, &run, message->adds ? &none : NULL, &value, done, ctx);
  buf_clear(&value);
  buf_clear(&record);
  return ok;
}

bool keep_asks_for_message(const Keep *keep, int64_t lapses) {
  int64_t now = keep_lapses(keep);
  return (now < 0 || now != lapses) && !keep_was_away(keep);
}

// The index keeps another process's entry (as below), which comes due here if that process has ended too.
bool keep_owes_message(Keep *keep, Str openid, Str identity, int64_t lapses) {
  char text[STORE_KEY_MAX];
  KeptRun run;
  Buf value;
  if (!keep_asks_for_message(keep, lapses)) return true;
  buf_init(&value);
  Str key = keep_key_of(keep, openid, identity, text);
  Asked asked = keep_read_run(keep, key, &value, &run);
  bool mine = asked == STORE_AWAY || pending_writes_has(keep->unsaved, key) ||
              (asked == STORE_HAS && keep_is_own(keep, &run));
  buf_clear(&value);
  return mine;
}

// What the store has said of a message whose entry was to be added.
static KeepOwner owner_of(Keep *keep, Str key, Asked asked, const KeptRun *run) {
  if (asked == STORE_AWAY) return KEEP_OWNER_UNKNOWN;
  if (asked == STORE_HAS && keep_is_own(keep, run)) return KEEP_OWNER_SELF;
  if (asked == STORE_LACKS && pending_writes_has(keep->unsaved, key)) return KEEP_OWNER_UNKNOWN;
  pending_writes_cancel(keep->unsaved, key);
  return KEEP_OWNER_OTHER;
}

KeepOwner keep_message_owner(Keep *keep, Str openid, Str identity) {
  char text[STORE_KEY_MAX];
  KeptRun run;
  Buf value;
  Str key = keep_key_of(keep, openid, identity, text);
  if (keep_was_away(keep)) return KEEP_OWNER_UNKNOWN;
  buf_init(&value);
  Asked asked = keep_read_run(keep, key, &value, &run);
  KeepOwner owner = owner_of(keep, key, asked, &run);
  buf_clear(&value);
  return owner;
}

// The index keeps another process's entry: a process that is alone does not list the keys again.
void keep_end_message(Keep *keep, Str openid, Str identity) {
  char text[STORE_KEY_MAX];
  KeptRun run;
  Buf value;
  Str key = keep_key_of(keep, openid, identity, text);
  if (!key.len) return;
  buf_init(&value);
  Asked asked = keep_was_away(keep) ? STORE_AWAY : keep_read_run(keep, key, &value, &run);
  bool mine = asked == STORE_HAS && keep_is_own(keep, &run);
  pending_writes_cancel(keep->unsaved, key);
  if (asked == STORE_AWAY || mine) kept_index_forget(keep->index, key);
  if (asked == STORE_AWAY) pending_writes_put(keep->unsaved, key, (Str){ 0 });
  // Another process has written it since it was read.
  if (mine && keep_delete_value(keep, key, buf_str(&value)) == STORE_LACKS)
    kept_index_add(keep->index, key);
  buf_clear(&value);
}

bool keep_pass_message(Keep *keep, KeptRun *run) {
  const KeepOptions *options = &keep->options;
  if (options->waits && options->waits(options->ctx, run)) return true;
  keep_put_back(keep, run, KEPT_RUNS);
  return false;
}
