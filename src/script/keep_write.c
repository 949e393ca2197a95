// Writes of runs. One that the store does not accept is repeated until the store accepts it.
#include "script/keep_inner.h"

#include "base/log.h"

#include <stdlib.h>

// A write under way that is repeated if the store does not accept it, except for a question whose caller gets the
// result.
typedef struct {
  PendingWrites *unsaved;
  StoreDone done;  // NULL: not called
  void *ctx;
  bool gone;
  bool once;      // not repeated
  bool swaps;     // writes only if the store has the value that was written last
  bool adds;      // writes only if the store has none
  bool in_doubt;  // the store may not have accepted that value
  size_t key_len, value_len;
  char bytes[];  // the key, then the value
} Write;

// Returns whether the write is to be repeated: the store is away, or it refused the write because it never got the
// value before.
static bool is_unwritten(const Write *write, const StoreReply *reply) {
  if (reply->err.code != ERR_NONE) return true;
  if (!write->swaps || reply->ok) return false;
  return write->in_doubt ||
         pending_writes_has(write->unsaved, str_make(write->bytes, write->key_len));
}

static void on_written(void *ctx, StoreReply *reply) {
  Write *write = ctx;
  Str key = str_make(write->bytes, write->key_len);
  Str value = str_make(write->bytes + write->key_len, write->value_len);
  bool unwritten = is_unwritten(write, reply);
  // An earlier write of the key may have failed only after this one began. Where another run has the key, what is to be
  // repeated is that one's: its end, for example.
  bool others = write->adds && reply->err.code == ERR_NONE && !reply->ok;
  if (!unwritten && !others) pending_writes_cancel(write->unsaved, key);
  if (unwritten && !write->once &&
      pending_writes_put(write->unsaved, key, write->gone ? (Str){ 0 } : value) && !write->gone)
    log_warn("the store did not take what is owed to users: this process alone knows of it until "
             "the store is back");
  if (write->done) write->done(write->ctx, reply);
  else store_reply_free(reply);
  pending_writes_release(write->unsaved);
  free(write);
}

static bool begin_write(Keep *keep, const StoreCall *call, bool once, StoreDone done, void *ctx) {
  Write *write = malloc(sizeof *write + call->key.len + call->value.len);
  if (!write) return false;
  *write = (Write){ .unsaved = pending_writes_hold(keep->unsaved),
                    .done = done,
                    .ctx = ctx,
                    .gone = call->op == STORE_DELETE,
                    .once = once,
                    .swaps = call->op == STORE_SWAP,
                    .adds = call->op == STORE_ADD,
                    .in_doubt = !once && call->op != STORE_ADD &&
                                pending_writes_cancel(keep->unsaved, call->key),
                    .key_len = call->key.len,
                    .value_len = call->value.len };
  memcpy(write->bytes, call->key.ptr, call->key.len);
  if (call->value.len) memcpy(write->bytes + call->key.len, call->value.ptr, call->value.len);
  if (store_call(keep->options.store, call, on_written, write, NULL)) return true;
  pending_writes_release(write->unsaved);
  free(write);
  return false;
}

// Appends the value of a run that is about to be written, and notes it in the index.
static bool prepare_write(Keep *keep, const KeptRun *run, Str key, Buf *value) {
  kept_write(run, value);
  if (!key.len || value->failed) return false;
  keep_note(keep, key, run);
  if (run->state == KEPT_ASKS) kept_index_hold(keep->index, key, run->events);
  return true;
}

bool keep_save_now(Keep *keep, const KeptRun *run) {
  char text[STORE_KEY_MAX];
  Str key = keep_key_of(keep, run->openid, run->identity, text);
  Buf value;
  StoreReply *reply = NULL;
  buf_init(&value);
  // A write that is still to be repeated is keep_save's to replace.
  if (!keep_is_shared(keep) && prepare_write(keep, run, key, &value) &&
      !pending_writes_has(keep->unsaved, key))
    reply = store_call_now(keep->options.store,
                           &(StoreCall){ .op = STORE_SET, .key = key, .value = buf_str(&value) });
  bool saved = reply && reply->err.code == ERR_NONE;
  store_reply_free(reply);
  buf_clear(&value);
  return saved;
}

bool keep_save(Keep *keep, const KeptRun *run, const Buf *before, Buf *value, StoreDone done,
               void *ctx) {
  char text[STORE_KEY_MAX];
  StoreCall call = { .op = !before       ? STORE_SET
                           : before->len ? STORE_SWAP
                                         : STORE_ADD,
                     .key = keep_key_of(keep, run->openid, run->identity, text) };
  Buf written;
  buf_init(&written);
  bool ok = prepare_write(keep, run, call.key, &written);
  call.value = buf_str(&written);
  if (before) call.expected = buf_str(before);
  ok = ok && begin_write(keep, &call, run->state == KEPT_ASKS && done, done, ctx);
  buf_reset(value);
  buf_add(value, call.value);
  buf_clear(&written);
  return ok;
}

bool keep_fetch(Keep *keep, const KeptRun *run, StoreDone done, void *ctx) {
  char text[STORE_KEY_MAX];
  Str key = keep_key_of(keep, run->openid, run->identity, text);
  return key.len && store_call(keep->options.store, &(StoreCall){ .op = STORE_GET, .key = key },
                               done, ctx, NULL);
}

bool keep_is_unsaved(const Keep *keep, Str openid, Str identity) {
  char text[STORE_KEY_MAX];
  Str key = keep_key_of(keep, openid, identity, text);
  return key.len && pending_writes_has(keep->unsaved, key);
}

bool keep_is_mine(const Keep *keep, const StoreReply *reply, const KeptRun *run) {
  KeptRun found;
  if (reply->err.code != ERR_NONE)
    return true;  // unknown, but no other process can claim the run either
  if (!reply->ok) return keep_is_unsaved(keep, run->openid, run->identity);
  if (!kept_read(reply->value, &found)) return false;
  return keep_is_own(keep, &found) || (found.state == KEPT_ASKS && found.asks == run->asks &&
                                       str_eq(found.message, run->message));
}

// ---- giving up ----------------------------------------------------------------------------------

// A run that is being given up, or that has ended.
typedef struct {
  Store *store;
  PendingWrites *unsaved;
  char process[PROCESS_NAME_SIZE], text[STORE_KEY_MAX];
  Str key;  // in `text`
  Buf value;
} Leaving;

// NULL without memory, or if the key is too long.
static Leaving *leaving_new(Keep *keep, const KeptRun *run) {
  Leaving *leaving = calloc(1, sizeof *leaving);
  if (!leaving) return NULL;
  leaving->store = keep->options.store;
  leaving->unsaved = pending_writes_hold(keep->unsaved);
  memcpy(leaving->process, keep->process, sizeof leaving->process);
  leaving->key = keep_key_of(keep, run->openid, run->identity, leaving->text);
  kept_write(run, &leaving->value);
  return leaving;
}

static void leaving_free(Leaving *leaving) {
  pending_writes_release(leaving->unsaved);
  buf_clear(&leaving->value);
  free(leaving);
}

// Reads what the store has of it.
static void leaving_begin(Leaving *leaving, StoreDone done) {
  StoreCall call = { .op = STORE_GET, .key = leaving->key };
  bool ok = call.key.len && !leaving->value.failed;
  if (!ok || !store_call(leaving->store, &call, done, leaving, NULL)) leaving_free(leaving);
}

static void on_leaving(void *ctx, StoreReply *reply) {
  Leaving *leaving = ctx;
  KeptRun run;
  bool mine =
      reply->ok && kept_read(reply->value, &run) && str_eq(run.process, str_of(leaving->process));
  StoreCall call = { .op = STORE_SWAP,
                     .key = leaving->key,
                     .expected = reply->value,
                     .value = buf_str(&leaving->value) };
  if (mine) store_call(leaving->store, &call, store_reply_drop, NULL, NULL);
  store_reply_free(reply);
  leaving_free(leaving);
}

void keep_leave(Keep *keep, const KeptRun *run) {
  Leaving *leaving = leaving_new(keep, run);
  if (!leaving) return;
  if (leaving->key.len) keep_note(keep, leaving->key, run);
  leaving_begin(leaving, on_leaving);
}

// Returns whether a value of the store is the ended run's, which no other process has continued.
static bool is_ended(Str value, Str process, Str ended) {
  KeptRun found, run;
  if (!kept_read(value, &found) || !kept_read(ended, &run)) return false;
  bool free = found.state == KEPT_ASKS ? found.asks <= run.asks : str_eq(found.process, process);
  return free && str_eq(found.message, run.message);
}

static void on_released(void *ctx, StoreReply *reply) {
  Leaving *leaving = ctx;
  if (reply->err.code != ERR_NONE)
    pending_writes_put_end(leaving->unsaved, leaving->key, buf_str(&leaving->value));
  store_reply_free(reply);
  leaving_free(leaving);
}

static void on_releasing(void *ctx, StoreReply *reply) {
  Leaving *leaving = ctx;
  bool ended =
      reply->ok && is_ended(reply->value, str_of(leaving->process), buf_str(&leaving->value));
  StoreCall call = { .op = STORE_RELEASE, .key = leaving->key, .value = reply->value };
  if (!ended || !store_call(leaving->store, &call, on_released, leaving, NULL))
    return on_released(leaving, reply);
  store_reply_free(reply);
}

void keep_release(Keep *keep, const KeptRun *run) {
  Leaving *leaving = leaving_new(keep, run);
  if (!leaving) return;
  if (leaving->key.len) kept_index_forget(keep->index, leaving->key);
  leaving_begin(leaving, on_releasing);
}

void keep_lost(Keep *keep, Str openid, Str identity) {
  char text[STORE_KEY_MAX];
  Str key = keep_key_of(keep, openid, identity, text);
  if (!key.len) return;
  pending_writes_cancel(keep->unsaved, key);
  // Its value is read anew. A process that is alone does not list the keys again.
  kept_index_forget(keep->index, key);
  kept_index_add(keep->index, key);
}

void keep_yield(Keep *keep, Str openid) {
  char text[STORE_KEY_MAX];
  Str key = keep_key_of(keep, openid, STR(""), text);
  if (key.len) kept_index_forget(keep->index, key);
}

void keep_drop_key(Keep *keep, Str key) {
  kept_index_forget(keep->index, key);
  begin_write(keep, &(StoreCall){ .op = STORE_DELETE, .key = key }, false, NULL, NULL);
}

void keep_drop(Keep *keep, Str openid, Str identity) {
  char text[STORE_KEY_MAX];
  Str key = keep_key_of(keep, openid, identity, text);
  if (key.len) keep_drop_key(keep, key);
}

// ---- writing again ------------------------------------------------------------------------------

// Returns whether the run in the store is the one of the write: this process's own, or the question that its run has
// answered since.
static bool is_of_write(const Keep *keep, const KeptRun *found, const PendingWrite *write) {
  KeptRun run;
  if (keep_is_own(keep, found)) return true;
  if (found->state != KEPT_ASKS) return false;
  if (write->gone) return found->since_s <= write->put_s;
  return kept_read(buf_str(&write->value), &run) && run.state == KEPT_RUNS &&
         run.asks == found->asks && str_eq(run.message, found->message);
}

// Repeats a write, unless another process has written the key since. Returns false if the store is away.
static bool write_again(Keep *keep, const PendingWrite *write) {
  Buf found;
  KeptRun run;
  buf_init(&found);
  Asked asked = keep_read_value(keep, buf_str(&write->key), &found);
  bool is_run = asked == STORE_HAS && kept_read(buf_str(&found), &run);
  bool there =
      is_run && (write->gone && write->value.len
                     ? is_ended(buf_str(&found), str_of(keep->process), buf_str(&write->value))
                     : is_of_write(keep, &run, write));
  bool lacks = asked == STORE_LACKS && !write->gone;
  StoreCall call = { .op = lacks         ? STORE_ADD
                           : write->gone ? STORE_RELEASE
                                         : STORE_SWAP,
                     .key = buf_str(&write->key),
                     .value = buf_str(write->gone ? &found : &write->value),
                     .expected = buf_str(&found) };
  bool newest = pending_writes_is_newest(keep->unsaved);
  if ((there || lacks) && newest) asked = keep_ask_store(keep, &call, NULL);
  // Another process's comes due here if that process has ended.
  if (write->gone && is_run && !there && newest) keep_note(keep, buf_str(&write->key), &run);
  buf_clear(&found);
  return asked != STORE_AWAY;
}

Asked keep_delete_value(Keep *keep, Str key, Str value) {
  StoreCall call = { .op = STORE_RELEASE, .key = key, .value = value };
  Asked asked = keep_ask_store(keep, &call, NULL);
  if (asked == STORE_AWAY) pending_writes_put(keep->unsaved, key, (Str){ 0 });
  return asked;
}

void keep_write_pending(Keep *keep) {
  PendingWrite write = { .gone = false };
  bool there = true;
  size_t count = pending_writes_count(keep->unsaved);
  buf_init(&write.key);
  buf_init(&write.value);
  while (there && pending_writes_take(keep->unsaved, &write)) {
    there = write_again(keep, &write);
    bool newest = pending_writes_done(keep->unsaved, &write, !there);
    // What was just written is taken back: its run has ended, or another process has it.
    if (!newest && !write.gone && !kept_index_has(keep->index, buf_str(&write.key)))
      keep_delete_value(keep, buf_str(&write.key), buf_str(&write.value));
  }
  if (there && count > 0)
    log_info("the store is back: %zu change%s of what is owed to users written", count,
             count == 1 ? "" : "s");
  buf_clear(&write.key);
  buf_clear(&write.value);
}
