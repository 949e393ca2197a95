// Writes the calls and questions of a run to the store before they are made.
#include "script/message_inner.h"

#include "base/clock.h"
#include "base/log.h"
#include "engine/wait.h"
#include "script/packed_reply.h"

enum { ASK_AGAIN_US = 4000 * 1000 };  // how long a question waits for the store

// Of several conversations of one user, only the first is kept.
static void warn_of_second(StoredRun *stored, Str place) {
  if (!stored->warned)
    log_warn("the conversation with %.*s at %.*s ends with this process: the user has another one, "
             "and only one is kept in the store",
             STR_FMT(stored->run.openid), STR_FMT(place));
  stored->warned = true;
}

static void yield_key(StoredRun *stored) {
  warn_of_second(stored, stored->run.place);
  stored_run_yield(stored);
}

static void drop_saved(void *data) { store_reply_free(data); }

static int push_found(lua_State *L, void *data) {
  StoreReply *reply = data;
  StoredRun *stored = record_owner(task_record(task_running(L)));
  bool mine = stored && keep_is_mine(stored->keep, reply, &stored->run);
  bool gone = reply->err.code == ERR_NONE && !reply->ok;
  if (mine) stored->lapses = keep_lapses(stored->keep);
  if (mine) buf_reset(&stored->value);
  if (mine && reply->ok) buf_add(&stored->value, reply->value);
  store_reply_free(reply);
  if (mine) return 0;
  if (stored && stored->takes) {
    if (gone) buf_reset(&stored->value);
    else yield_key(stored);
    return 0;
  }
  if (stored) stored_run_lost(stored);
  log_warn("a script was ended before its next call: %s",
           gone ? "it is no longer in the store: another process ended it or its user was "
                  "forgotten, or the store lost it"
                : "another process took it over");
  return task_leave(L);
}

static void on_found(void *ctx, StoreReply *reply) {
  wait_finish(ctx, push_found, drop_saved, reply);
}

int message_check_stored(lua_State *L) {
  StoredRun *stored = record_owner(task_record(task_running(L)));
  Wait *wait = wait_begin(L, "the store");
  if (stored && keep_fetch(stored->keep, &stored->run, on_found, wait))
    return wait_suspend(L, wait, NULL, NULL);
  wait_abort(wait);
  return 0;
}

static int save_run(lua_State *L, int status, lua_KContext context);

// If the store had another value, another process wrote it, or an earlier write of this process was lost: then the run
// is saved again.
static int push_saved(lua_State *L, void *data) {
  StoreReply *reply = data;
  bool away = reply->err.code != ERR_NONE, other = !away && !reply->ok;
  StoredRun *stored = record_owner(task_record(task_running(L)));
  if (away && stored) stored_run_not_saved(stored);
  store_reply_free(reply);
  if (!other) return 0;
  lua_pushcfunction(L, message_check_stored);
  lua_callk(L, 0, 0, 0, save_run);
  return save_run(L, LUA_OK, 0);
}

static void on_saved(void *ctx, StoreReply *reply) {
  wait_finish(ctx, push_saved, drop_saved, reply);
}

static StoredRun *stored_stored(lua_State *L) {
  StoredRun *stored = record_owner(task_record(task_running(L)));
  return stored && stored->in_store && stored->run.state == KEPT_RUNS ? stored : NULL;
}

static int save_run(lua_State *L, int status, lua_KContext context) {
  StoredRun *stored = stored_stored(L);
  if (!stored) return 0;
  Record *record = task_record(task_running(L));
  if (stored_run_save_now(stored, record, KEPT_RUNS)) return 0;
  Wait *wait = wait_begin(L, "the store");
  if (stored_run_save(stored, record, KEPT_RUNS, on_saved, wait))
    return wait_suspend(L, wait, NULL, NULL);
  wait_abort(wait);
  return 0;
}

// Writes a call that acts to the store before it is made, so that it is not made twice.
static int save_call(lua_State *L, int status, lua_KContext context) {
  return lua_toboolean(L, 1) ? save_run(L, LUA_OK, 0) : 0;
}

// The order matters: the call has been counted as acting. Either this sees that the process is closing, or the process
// sees the call and waits for it.
static bool is_left(lua_State *L) {
  const BotShared *shared = interpreter_of(L)->options.shared;
  return lua_toboolean(L, 1) && shared && atomic_load(&shared->closing);
}

static int before_call(lua_State *L) {
  const StoredRun *stored = stored_stored(L);
  if (stored && is_left(L)) return task_leave(L);
  if (stored && stored_run_may_be_taken(stored)) {
    lua_pushcfunction(L, message_check_stored);
    lua_callk(L, 0, 0, 0, save_call);
  }
  return save_call(L, LUA_OK, 0);
}

// Saves the run again without waiting, so that a finished call does not count as under way.
static void after_call(Record *record) {
  StoredRun *stored = record_owner(record);
  if (stored && stored->in_store && stored->run.state == KEPT_RUNS)
    stored_run_save_soon(stored, record);
}

void message_watch(Task *task) {
  Record *record = task_record(task);
  MessageRun *run = message_run(task);
  if (record) message_guard(task, record);
  if (!record || !run->stored) return;
  run->stored->said = run->said;
  record_watch(record, before_call, run->stored, &message_shared(run)->acting);
  record_watch_after(record, after_call);
}

static bool is_text(const Reply *reply) {
  return reply->form == REPLY_ELEMENTS && str_eq(reply->type, STR("text"));
}

Str message_question(Task *task) {
  const Reply *reply = &message_run(task)->answer.reply;
  if (reply->form != REPLY_ELEMENTS) return reply->form == REPLY_NONE ? STR("") : STR("raw");
  return is_text(reply) ? reply->elements->text : reply->type;
}

static void warn_of_record(StoredRun *stored, const Record *record) {
  if (!stored->warned)
    log_warn("the conversation with %.*s stays in this process: %s makes its record longer than %d "
             "KB, or returned a value that cannot be stored",
             STR_FMT(stored->run.openid), record_given_up(record), RECORD_MAX / 1024);
  stored->warned = true;
}

// Returns whether the user has another conversation in the store, whose key the run must not take.
static bool has_another(const StoredRun *stored) {
  bool has_key = stored->in_store && stored->run.identity.len == 0;
  return !has_key && keep_has(stored->keep, stored->run.openid);
}

// Makes the conversation one of this process: its question is the answer that the store owed.
static void leave_store(StoredRun *stored) {
  stored_run_move(stored, STR(""));
  stored->in_store = false;
}

StoredRun *message_run_to_move(Task *task) {
  MessageRun *run = message_run(task);
  StoredRun *stored = keep_has_conversations(message_keep(run->in)) ? run->stored : NULL;
  bool moves =
      stored && stored->in_store && stored->run.state == KEPT_RUNS && stored->run.identity.len;
  return moves && !has_another(stored) ? stored : NULL;
}

// Notes the question, which a retry of its message gets again if the process ends before the question is out. One that
// is sent separately is owed until it is out.
static void note_question(lua_State *L, const MessageRun *run, StoredRun *stored) {
  ScriptContext *context = script_context(L);
  const Reply *reply = &run->answer.reply;
  MessageHead head;
  Str packed = STR("");
  stored->run.is_text = is_text(reply) && !run->sent;
  if (!stored->run.is_text && !run->sent &&
      message_parse(context->xml, stored->run.answering, &context->tree, &head, NULL))
    packed = packed_reply_make(run->arena, reply, head.from_user, head.to_user, clock_unix_s());
  stored_run_set(&stored->run.reply, packed);
}

StoredRun *message_keep_question(lua_State *L, Task *task, int64_t until_ms, bool events) {
  MessageRun *run = message_run(task);
  StoredRun *stored =
      keep_has_conversations(message_keep(run->in)) ? message_stored_run(task) : NULL;
  Record *record = stored ? task_record(task) : NULL;
  char place[PLACE_SIZE];
  if (!record) return NULL;
  place_innermost(L, place, sizeof place);
  if (has_another(stored)) {
    warn_of_second(stored, str_of(place));
    leave_store(stored);
    return NULL;
  }
  if (record_given_up(record)[0]) {
    warn_of_record(stored, record);
    stored_run_drop(stored);
    return NULL;
  }
  stored_run_set(&stored->run.question, message_question(task));
  stored_run_set(&stored->run.place, str_of(place));
  stored->run.script = run->in->script;
  note_question(L, run, stored);
  stored->run.since_s = clock_unix_s();
  stored->run.until_ms = until_ms;
  stored->run.events = events;
  stored->run.asks++;
  stored->yields = false;
  stored->run.ends = 0;
  stored->ask_until_us = clock_now_us() + ASK_AGAIN_US;
  if (run->owe_at_us && !run->sent) stored->ask_until_us = run->owe_at_us;
  message_watch(task);
  stored->run.owed = false;  // from now on it waits for its user
  stored_run_move(stored, STR(""));
  return stored;
}
