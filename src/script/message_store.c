// Writes the calls and questions of a run to the store before they are made.
#include "script/message_inner.h"

#include "base/clock.h"
#include "base/log.h"
#include "engine/wait.h"

enum { ASK_AGAIN_US = 4000 * 1000 };  // how long a question waits for the store

static void drop_saved(void *data) { store_reply_free(data); }

static int push_found(lua_State *L, void *data) {
  StoreReply *reply = data;
  Talk *talk = record_owner(task_record(task_running(L)));
  bool mine = talk && keep_is_mine(talk->keep, reply, &talk->run);
  bool gone = reply->err.code == ERR_NONE && !reply->ok;
  if (mine) talk->lapses = keep_lapses(talk->keep);
  if (mine) buf_reset(&talk->value);
  if (mine && reply->ok) buf_add(&talk->value, reply->value);
  store_reply_free(reply);
  if (mine) return 0;
  if (talk) talk_lost(talk);
  log_warn("a script was ended before its next call: %s",
           gone ? "it is no longer in the store: another process ended it or its user was "
                  "forgotten, or the store lost it"
                : "another process took it over");
  return task_leave(L);
}

static void on_found(void *ctx, StoreReply *reply) {
  wait_finish(ctx, push_found, drop_saved, reply);
}

int message_check_talk(lua_State *L) {
  Talk *talk = record_owner(task_record(task_running(L)));
  Wait *wait = wait_begin(L, "the store");
  if (talk && keep_fetch(talk->keep, &talk->run, on_found, wait))
    return wait_suspend(L, wait, NULL, NULL);
  wait_abort(wait);
  return 0;
}

// If the store had another value, another process wrote it, or an earlier write of this process was lost.
static int push_saved(lua_State *L, void *data) {
  StoreReply *reply = data;
  bool away = reply->err.code != ERR_NONE, other = !away && !reply->ok;
  Talk *talk = record_owner(task_record(task_running(L)));
  if (away && talk) talk_not_saved(talk);
  store_reply_free(reply);
  return other ? message_check_talk(L) : 0;
}

static void on_saved(void *ctx, StoreReply *reply) {
  wait_finish(ctx, push_saved, drop_saved, reply);
}

static Talk *stored_talk(lua_State *L) {
  Talk *talk = record_owner(task_record(task_running(L)));
  return talk && talk->stored && talk->run.state == KEPT_RUNS ? talk : NULL;
}

// Writes a call that acts to the store before it is made, so that it is not made twice.
static int save_call(lua_State *L, int status, lua_KContext context) {
  Talk *talk = stored_talk(L);
  if (!lua_toboolean(L, 1) || !talk) return 0;
  Record *record = task_record(task_running(L));
  if (talk_save_now(talk, record, KEPT_RUNS)) return 0;
  Wait *wait = wait_begin(L, "the store");
  if (talk_save(talk, record, KEPT_RUNS, on_saved, wait)) return wait_suspend(L, wait, NULL, NULL);
  wait_abort(wait);
  return 0;
}

// Returns whether another process may have taken the run over: this process does not have its lease, or had lost it.
static bool may_be_taken(const Talk *talk) {
  int64_t lapses = keep_lapses(talk->keep);
  return lapses < 0 || talk->lapses != lapses;
}

static int before_call(lua_State *L) {
  const Talk *talk = stored_talk(L);
  if (talk && may_be_taken(talk)) {
    lua_pushcfunction(L, message_check_talk);
    lua_callk(L, 0, 0, 0, save_call);
  }
  return save_call(L, LUA_OK, 0);
}

// Saves the run again without waiting, so that a finished call does not count as under way.
static void after_call(Record *record) {
  Talk *talk = record_owner(record);
  if (talk && talk->stored && talk->run.state == KEPT_RUNS &&
      !talk_save_now(talk, record, KEPT_RUNS))
    talk_save(talk, record, KEPT_RUNS, NULL, NULL);
}

void message_watch(Task *task) {
  Record *record = task_record(task);
  MessageRun *run = message_run(task);
  if (record) message_guard(task, record);
  if (!record || !run->talk) return;
  run->talk->said = run->said;
  record_watch(record, before_call, run->talk, &message_shared(run)->acting);
  record_watch_after(record, after_call);
}

Str message_question(Task *task) {
  const Reply *reply = &message_run(task)->answer.reply;
  if (reply->form != REPLY_ELEMENTS) return reply->form == REPLY_NONE ? STR("") : STR("raw");
  return str_eq(reply->type, STR("text")) ? reply->elements->text : reply->type;
}

static void warn_of_record(Talk *talk, const Record *record) {
  if (!talk->warned)
    log_warn("the conversation with %.*s stays in this process: %s makes its record longer than %d "
             "KB, or returned a value that cannot be stored",
             STR_FMT(talk->run.openid), record_given_up(record), RECORD_MAX / 1024);
  talk->warned = true;
}

// Of several conversations of one user, only the first is kept.
static void warn_of_second(Talk *talk, const char *place) {
  if (!talk->warned)
    log_warn("the conversation with %.*s at %s ends with this process: the user has another one, "
             "and only one is kept in the store",
             STR_FMT(talk->run.openid), place);
  talk->warned = true;
}

// Moves a run that asks to the key of its user. From then on it waits for its user.
static void leave_owed(Talk *talk) {
  talk->run.owed = false;
  if (talk->run.identity.len == 0) return;
  talk_drop(talk);
  talk_set(&talk->run.identity, STR(""));
  buf_reset(&talk->value);
}

Talk *message_keep_question(lua_State *L, Task *task, int64_t until_ms, bool events) {
  MessageRun *run = message_run(task);
  Talk *talk = keep_has_conversations(message_keep(run->in)) ? message_talk(task) : NULL;
  Record *record = talk ? task_record(task) : NULL;
  char place[PLACE_SIZE];
  if (!record) return NULL;
  place_innermost(L, place, sizeof place);
  if (!talk->stored && keep_has(talk->keep, talk->run.openid)) {
    warn_of_second(talk, place);
    return NULL;
  }
  if (record_given_up(record)[0]) {
    warn_of_record(talk, record);
    talk_drop(talk);
    return NULL;
  }
  talk_set(&talk->run.question, message_question(task));
  talk_set(&talk->run.place, str_of(place));
  talk->run.since_s = clock_unix_s();
  talk->run.until_ms = until_ms;
  talk->run.events = events;
  talk->run.asks++;
  talk->run.ends = 0;
  talk->ask_until_us = clock_now_us() + ASK_AGAIN_US;
  if (run->owe_at_us && !run->sent) talk->ask_until_us = run->owe_at_us;
  message_watch(task);
  leave_owed(talk);
  return talk;
}
