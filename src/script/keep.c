// Runs of the script in the store. Whether a user has a conversation is looked up in the index while no other process
// has the store open, and in the store otherwise.
#include "script/keep_inner.h"

#include "base/clock.h"
#include "base/log.h"
#include "engine/pack.h"

#include <stdio.h>
#include <stdlib.h>

enum {
  READ_AT_ONCE = 400,     // values read at a time, or more
  READ_US = 20 * 1000,    // for as long as this, a tenth of the time
  LIST_US = 4000 * 1000,  // between two listings of other processes' keys
  // How long messages wait for a store that is away, if their user may have a run in it: a fail-over takes seconds.
  BACK_US = 10 * 1000 * 1000
};

// ---- creation and end ---------------------------------------------------------------------------

Keep *keep_new(const KeepOptions *options) {
  Keep *keep = calloc(1, sizeof *keep);
  if (!keep || !process_name(keep->process)) {
    free(keep);
    return NULL;
  }
  keep->options = *options;
  Str account = options->account;
  snprintf(keep->process_key, sizeof keep->process_key, "process/%.*s/%s", STR_FMT(account),
           keep->process);
  snprintf(keep->asked, sizeof keep->asked, "asked/%.*s/", STR_FMT(account));
  snprintf(keep->owes, sizeof keep->owes, "owed/%.*s/", STR_FMT(account));
  buf_init(&keep->listed);
  keep_leavers_init(keep);
  keep->index = kept_index_new(keep->owes);
  keep->processes = process_watch_new(str_of(keep->process), KEEP_LEASE_MS * 1000);
  keep->unsaved = pending_writes_new();
  if (!keep->index || !keep->processes || !keep->unsaved) {
    process_watch_free(keep->processes);
    if (keep->index) kept_index_free(keep->index);
    pending_writes_release(keep->unsaved);
    keep_leavers_clear(keep);
    free(keep);
    return NULL;
  }
  keep_renew_first(keep);
  return keep;
}

void keep_free(Keep *keep) {
  if (!keep) return;
  // A call of the store takes less than a second, even if it fails.
  pending_writes_await(keep->unsaved);
  size_t lost = pending_writes_count(keep->unsaved);
  if (lost > 0)
    log_warn("%zu change%s of what is owed to users could not be written, because the store was "
             "away: what was answered meanwhile may be lost",
             lost, lost == 1 ? "" : "s");
  keep_end_lease(keep);
  process_watch_free(keep->processes);
  kept_index_free(keep->index);
  pending_writes_release(keep->unsaved);
  buf_clear(&keep->listed);
  keep_leavers_clear(keep);
  free(keep);
}

bool keep_outlives_process(const Keep *keep) { return store_is_shared(keep->options.store); }
bool keep_has_conversations(const Keep *keep) { return keep && keep->options.conversations; }
Str keep_process(const Keep *keep) { return str_of(keep->process); }

size_t keep_conversations(const Keep *keep) { return kept_index_conversations(keep->index); }
size_t keep_owed(const Keep *keep) { return kept_index_owed(keep->index); }

void keep_let_go(Keep *keep, Str openid, int64_t until_ms) {
  char text[STORE_KEY_MAX];
  Str key = keep_key_of(keep, openid, STR(""), text);
  if (key.len) kept_index_let_go(keep->index, key, until_ms ? until_ms : INT64_MAX);
}

// ---- claiming -----------------------------------------------------------------------------------

// Makes the run this process's own, if the store still has the value that was read. `value` gets the new value. If the
// store is away it may have made the change all the same, which is then undone once it is back.
static Asked make_mine(Keep *keep, Str key, Str answering, bool ended, Buf *value, KeptRun *run) {
  Buf after;
  buf_init(&after);
  KeptRun mine = *run;
  mine.state = KEPT_RUNS;
  mine.owed = run->owed && run->state == KEPT_RUNS;  // a question has answered what was owed
  mine.process = keep_process(keep);
  mine.begun_s = clock_unix_s();
  if (answering.ptr) mine.answering = answering;
  if (ended && !run->unbegun) mine.ends++;
  kept_write(&mine, &after);
  StoreCall call = {
    .op = STORE_SWAP, .key = key, .expected = buf_str(value), .value = buf_str(&after)
  };
  int64_t lapses = keep_lapses(keep);
  Asked asked = after.failed ? STORE_LACKS : keep_ask_store(keep, &call, NULL);
  if (asked == STORE_AWAY) pending_writes_put(keep->unsaved, key, buf_str(value));
  if (asked == STORE_HAS) {
    pending_writes_cancel(keep->unsaved, key);
    KeptState was = run->state;
    buf_reset(value);
    buf_add(value, buf_str(&after));
    if (value->failed || !kept_read(buf_str(value), run)) asked = STORE_LACKS;
    else keep_note(keep, key, run);
    run->state = was;
    run->lapses = lapses;
  }
  buf_clear(&after);
  return asked;
}

static KeepFound found_away(Keep *keep, Str key) {
  if (kept_index_has(keep->index, key)) return KEEP_BUSY;
  int64_t since_us = atomic_load(&keep->away_since_us);
  // Until its first listing is over, a process knows nothing of what the store has.
  bool unlisted = !atomic_load(&keep->listed_us) && store_has_worked(keep->options.store);
  bool may_be = unlisted || keep_conversations(keep) > 0 || keep_owed(keep) > 0;
  // 0: it has just answered another thread.
  bool is_recent = !since_us || clock_now_us() - since_us < BACK_US;
  return may_be && is_recent ? KEEP_UNKNOWN : KEEP_NOTHING;
}

// Looks whether the run is under its user's key too: its process ended between the two writes that move it, or that
// give its message to the conversation there.
static Asked look_for_moved(Keep *keep, const KeptRun *run) {
  char text[STORE_KEY_MAX];
  KeptRun moved;
  Buf value;
  Str key = run->identity.len ? keep_key_of(keep, run->openid, STR(""), text) : STR("");
  if (!key.len) return STORE_LACKS;
  buf_init(&value);
  Asked asked = keep_read_value(keep, key, &value);
  bool same = asked == STORE_HAS && kept_read(buf_str(&value), &moved) &&
              (str_eq(moved.message, run->message) ||
               (run->unbegun && str_eq(moved.answering, run->message)));
  buf_clear(&value);
  return asked == STORE_HAS && !same ? STORE_LACKS : asked;
}

static KeepFound claim(Keep *keep, Str key, bool is_event, Str answering, Buf *value,
                       KeptRun *run) {
  Asked asked = keep_was_away(keep) ? STORE_AWAY : keep_read_value(keep, key, value);
  if (asked == STORE_AWAY) return found_away(keep, key);
  if (pending_writes_has(keep->unsaved, key)) return KEEP_BUSY;  // that value is out of date
  if (asked == STORE_LACKS) {
    kept_index_forget(keep->index, key);
    return KEEP_NOTHING;
  }
  if (!kept_read(buf_str(value), run)) {
    *run = (KeptRun){ .state = KEPT_ASKS };  // of another format: record_load reports the error
    keep_drop_key(keep, key);
    return KEEP_ASKING;
  }
  keep_note(keep, key, run);
  bool again = answering.len > 0 && str_eq(run->answering, answering);
  if (run->state == KEPT_ASKS) {
    if (again) return KEEP_ANSWERED;
    if (is_event && !run->events) return KEEP_NOTHING;
    return make_mine(keep, key, answering, false, value, run) == STORE_HAS ? KEEP_ASKING
                                                                           : KEEP_BUSY;
  }
  if (is_event && !run->events && !again) return KEEP_NOTHING;
  if (keep_is_own(keep, run)) return KEEP_BUSY;
  // What is owed goes out late from there; what is not goes to the message's request, which may be this one by now.
  if (keep_is_alive(keep, run->process)) return again && run->owed ? KEEP_ANSWERED : KEEP_BUSY;
  Asked moved = look_for_moved(keep, run);
  if (moved == STORE_AWAY) return KEEP_BUSY;
  if (moved == STORE_HAS) {
    keep_drop_key(keep, key);
    return KEEP_NOTHING;
  }
  asked = make_mine(keep, key, (Str){ 0 }, run->process.len > 0, value, run);
  return asked == STORE_HAS ? KEEP_ENDED : KEEP_BUSY;
}

void keep_put_back(Keep *keep, KeptRun *run, KeptState state) {
  Buf value;
  buf_init(&value);
  run->state = state;
  run->process = STR("");
  if (state == KEPT_ASKS) run->answering = STR("");  // no message has answered it yet
  keep_save(keep, run, NULL, &value, NULL, NULL);
  keep_let_go(keep, run->openid, run->until_ms);
  buf_clear(&value);
}

bool keep_may_owe(const Keep *keep) { return keep_owed(keep) > 0 || !keep_knows_all(keep); }

typedef struct {
  Keep *keep;
  const KeepSpared *spared;
  bool any;
} Forgetting;

static void drop_found(void *ctx, Str key) {
  Forgetting *forgetting = ctx;
  if (str_eq(key, forgetting->spared->owed)) return;
  forgetting->any = true;
  keep_drop_key(forgetting->keep, key);
}

bool keep_forget(Keep *keep, Str openid, const KeepSpared *spared) {
  Forgetting forgetting = { .keep = keep, .spared = spared };
  Buf prefix;
  buf_init(&prefix);
  buf_printf(&prefix, "%s%.*s/", keep->owes, STR_FMT(openid));
  if (!spared->conversation.len) {
    forgetting.any = keep_has(keep, openid);
    keep_drop(keep, openid, STR(""));
  }
  kept_index_each(keep->index, buf_str(&prefix), drop_found, &forgetting);
  buf_clear(&prefix);
  return forgetting.any;
}

void keep_list(Keep *keep, bool owed, size_t max, void (*each)(void *ctx, const KeptRun *run),
               void *ctx) {
  Buf keys, value;
  KeptRun run;
  Str key;
  if ((owed ? keep_owed(keep) : keep_conversations(keep)) == 0) return;
  buf_init(&keys);
  buf_init(&value);
  kept_index_list(keep->index, owed, max, &keys);
  for (Str rest = buf_str(&keys); !keys.failed && pack_take_str(&rest, &key);) {
    if (keep_read_value(keep, key, &value) == STORE_HAS && kept_read(buf_str(&value), &run))
      each(ctx, &run);
  }
  buf_clear(&value);
  buf_clear(&keys);
}

// Returns whether this process has the conversation in memory, although the caller did not find it there: it is then
// about to ask, unless it takes no events.
static bool is_held(const Keep *keep, Str key, bool is_event, KeepFound *found) {
  bool events = true;
  if (!kept_index_is_held(keep->index, key, &events)) return false;
  *found = is_event && !events ? KEEP_NOTHING : KEEP_BUSY;
  return true;
}

KeepFound keep_claim(Keep *keep, Str openid, bool is_event, Str answering, Buf *value,
                     KeptRun *run) {
  char text[STORE_KEY_MAX];
  KeepFound found = KEEP_NOTHING;
  if (keep_lacks(keep, openid)) return KEEP_NOTHING;
  Str key = keep_key_of(keep, openid, STR(""), text);
  if (!key.len || is_held(keep, key, is_event, &found)) return found;
  return claim(keep, key, is_event, answering, value, run);
}

// A conversation that has ended elsewhere may have made room for another one with as many questions.
KeepFound keep_claim_held(Keep *keep, Str openid, int64_t asks, uint64_t answered, Str answering,
                          Buf *value) {
  char text[STORE_KEY_MAX];
  KeptRun run;
  Str key = keep_key_of(keep, openid, STR(""), text);
  Asked asked = key.len ? keep_read_value(keep, key, value) : STORE_LACKS;
  bool asking = asked == STORE_HAS && kept_read(buf_str(value), &run) && run.state == KEPT_ASKS &&
                run.asks == asks && str_hash(run.answering, 0) == answered;
  if (asked == STORE_HAS)
    asked = asking ? make_mine(keep, key, answering, false, value, &run) : STORE_LACKS;
  if (asked == STORE_LACKS) kept_index_forget(keep->index, key);
  return asked == STORE_HAS ? KEEP_ASKING : asked == STORE_AWAY ? KEEP_BUSY : KEEP_NOTHING;
}

KeepFound keep_claim_owed(Keep *keep, Str openid, Str identity, Buf *value, KeptRun *run) {
  char text[STORE_KEY_MAX];
  Str key = identity.len ? keep_key_of(keep, openid, identity, text) : STR("");
  bool known = key.len && (!keep_knows_all(keep) || kept_index_has(keep->index, key));
  KeepFound found = known ? claim(keep, key, false, (Str){ 0 }, value, run) : KEEP_NOTHING;
  return found == KEEP_BUSY ? KEEP_ANSWERED : found;
}

void keep_tell_taken(Keep *keep, Str identity) {
  const KeepOptions *options = &keep->options;
  if (options->taken && identity.len) options->taken(options->ctx, identity);
}

KeepFound keep_claim_due(Keep *keep, Str key, Buf *value, KeptRun *run) {
  return claim(keep, key, false, STR(""), value, run);
}

// ---- upkeep -------------------------------------------------------------------------------------

static void add_key(void *index, Str key) { kept_index_add(index, key); }

// Lists all keys. What is owed comes first: a run that moves meanwhile moves to its user's key. Returns false if the
// store is away.
static bool list_all(Keep *keep) {
  const char *const prefixes[] = { keep->owes, keep->asked };
  for (size_t i = 0; i < 2; i++) {
    bool there = true, more = true;
    buf_reset(&keep->listed);
    while (more) {
      there = store_list_page(keep->options.store, str_of(prefixes[i]), &keep->listed, add_key,
                              keep->index, &more);
      keep_renew(keep);
    }
    if (!there) return false;
  }
  return true;
}

// Lists the keys from time to time, and once more when the last other process has left: it may have written since.
// Listing costs the store time, so the pause grows with the duration of the listing.
static void look_at_keys(Keep *keep) {
  int64_t began_us = clock_now_us();
  bool listed = atomic_load(&keep->listed_us);
  if (keep_is_shared(keep) ? listed && began_us < keep->list_us : keep_knows_all(keep)) return;
  if (list_all(keep)) atomic_store(&keep->listed_us, began_us);
  int64_t took_us = clock_now_us() - began_us;
  keep->list_us = clock_now_us() + (took_us * 30 > LIST_US ? took_us * 30 : LIST_US);
}

// Reads a run of which only the key is known, and notes when it is due. Returns false if the store is away.
static bool look_at_value(Keep *keep, Str key) {
  Buf value;
  KeptRun run;
  buf_init(&value);
  Asked asked = keep_read_run(keep, key, &value, &run);
  buf_clear(&value);
  return asked != STORE_AWAY;
}

// Time-outs are known once the values are read: after a restart, those of all conversations.
static void look_at_values(Keep *keep) {
  Buf key;
  int64_t until_us = clock_now_us() + READ_US;
  bool there = true;
  buf_init(&key);
  for (int i = 0; there && (i < READ_AT_ONCE || clock_now_us() < until_us); i++)
    there = kept_index_next_unread(keep->index, &key) && look_at_value(keep, buf_str(&key));
  buf_clear(&key);
}

void keep_look(Keep *keep) {
  if (!keep->looked_us) keep->looked_us = clock_now_us();
  keep_renew(keep);
  keep_write_pending(keep);
  look_at_keys(keep);
  look_at_values(keep);
}
