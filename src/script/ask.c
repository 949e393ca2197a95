// wechat.ask: the question, its way into the store, and the wait for the answer.
#include "script/ask.h"

#include "base/clock.h"
#include "base/log.h"
#include "engine/door.h"
#include "engine/method.h"
#include "engine/place.h"
#include "script/conversation_inner.h"
#include "script/message_run.h"

enum {
  QUESTION_MAX = 200,           // bytes of a question kept in memory for conversations_list
  STORE_PAUSE_US = 200 * 1000,  // between two attempts to put a question into the store
};

// Returns the time-out in Unix milliseconds; 0: never.
static int64_t until_ms(double timeout_s) {
  return timeout_s < 0 ? 0 : clock_unix_ms() + (int64_t)(timeout_s * 1e3);
}

// Sends the question and makes the task wait for the answer. The arguments of `ask` are on the stack.
static int ask_now(lua_State *L, const StoredRun *stored, Wait *wait) {
  Interpreter *in = interpreter_of(L);
  Task *task = task_running(L);
  char place[PLACE_SIZE] = "";
  Asking asking = { .shown.openid = message_sender(task),
                    .timeout_s = luaL_optnumber(L, 2, -1),
                    .events = lua_toboolean(L, 3),
                    .stored = stored,
                    .busy = message_busy(task) };
  if (!stored) {
    Str question = message_question(task);
    place_innermost(L, place, sizeof place);
    asking.shown.question = str_sub(question, 0, str_utf8_prefix(question, QUESTION_MAX));
    asking.shown.place = str_of(place);
  }
  Conversation *conversation = conversation_begin(in, wait, &asking);
  if (!conversation) {
    wait_abort(wait);
    raise_no_memory(L);
  }
  StoredRun *own = message_stored_run(task);
  if (own) (stored ? stored_run_written : stored_run_moved)(own);
  message_answer_and_stay(task);
  return wait_suspend(L, wait, conversation_cancel, conversation);
}

static void on_stored(void *ctx, StoreReply *reply);

static int store_question(lua_State *L, StoredRun *stored) {
  const Record *record = task_record(task_running(L));
  Wait *wait = wait_begin(L, "wechat.ask");
  if (stored->yields) return ask_now(L, NULL, wait);
  if (stored_run_save_now(stored, record, KEPT_ASKS)) return ask_now(L, stored, wait);
  if (stored_run_save(stored, record, KEPT_ASKS, on_stored, wait))
    return wait_suspend(L, wait, NULL, NULL);
  return ask_now(L, NULL, wait);
}

static int store_again(lua_State *L, int status, lua_KContext context) {
  return store_question(L, message_stored_run(task_running(L)));
}

static int pause_for_store(lua_State *L) {
  return wait_until(L, "wechat.ask", clock_now_us() + STORE_PAUSE_US);
}

// Called when the store has replied. Asks the question in any case: when it is stored, after new attempts, or without
// the store.
static int ask_stored(lua_State *L, void *data) {
  StoreReply *reply = data;
  bool away = reply->err.code != ERR_NONE, written = !away && reply->ok;
  StoredRun *stored = message_stored_run(task_running(L));
  if (away) stored_run_not_saved(stored);
  if (away && clock_now_us() + STORE_PAUSE_US < stored->ask_until_us) {
    store_reply_free(reply);
    lua_pushcfunction(L, pause_for_store);
    lua_callk(L, 0, 0, 0, store_again);
    return store_again(L, LUA_OK, 0);
  }
  if (away)
    log_warn("a conversation stays in this process because it could not be stored: %s",
             reply->err.text);
  store_reply_free(reply);
  if (away || written) return ask_now(L, written ? stored : NULL, wait_begin(L, "wechat.ask"));
  lua_pushcfunction(L, message_check_stored);
  lua_callk(L, 0, 0, 0, store_again);
  return store_again(L, LUA_OK, 0);
}

static void drop_stored(void *data) { store_reply_free(data); }

static void on_stored(void *ctx, StoreReply *reply) {
  wait_finish(ctx, ask_stored, drop_stored, reply);
}

// question, timeout_s | nil, events, sent -> the document of the message, or nil and the reason
static int l_ask(lua_State *L) {
  Interpreter *in = interpreter_of(L);
  BotShared *shared = in->options.shared;
  Task *task = task_running(L);
  Err err = { 0 };
  double timeout_s = luaL_optnumber(L, 2, -1);
  lua_settop(L, 4);
  if (!shared || !shared->conversations || !message_can_ask(task))
    method_raise(
        L, "wechat.ask: there is no message to answer here: call it in on_message, or in what "
           "on_message calls, not in a timer or a spawned function");
  message_take_question(L, task, lua_toboolean(L, 4));
  if (!engine_start_thread(in->engine, &err)) method_raise(L, "wechat.ask: %s", err.text);
  StoredRun *stored = message_keep_question(L, task, until_ms(timeout_s), lua_toboolean(L, 3));
  return stored ? store_question(L, stored) : ask_now(L, NULL, wait_begin(L, "wechat.ask"));
}

// ---- a question that is sent separately ---------------------------------------------------------

static int push_moved(lua_State *L, void *data) {
  StoreReply *reply = data;
  StoredRun *stored = message_stored_run(task_running(L));
  if (reply->err.code != ERR_NONE) stored_run_not_saved(stored);
  else if (reply->ok) stored_run_written(stored);
  else stored_run_stay(stored);
  store_reply_free(reply);
  return 0;
}

static void on_moved(void *ctx, StoreReply *reply) {
  wait_finish(ctx, push_moved, drop_stored, reply);
}

static int move_stored(lua_State *L, int status, lua_KContext context) {
  Task *task = task_running(L);
  StoredRun *stored = message_stored_run(task);
  stored->run.events = lua_toboolean(L, 1);
  stored_run_move(stored, STR(""));
  Wait *wait = wait_begin(L, "wechat.ask");
  if (stored_run_save(stored, task_record(task), KEPT_RUNS, on_moved, wait))
    return wait_suspend(L, wait, NULL, NULL);
  wait_abort(wait);
  return 0;
}

// events: the user's messages wait from now on for the question, in every process. Does nothing in a replay: the run
// has its user's key.
static int l_announce(lua_State *L) {
  Interpreter *in = interpreter_of(L);
  Task *task = task_running(L);
  lua_settop(L, 1);
  BotShared *shared = in->options.shared;
  if (!shared || !shared->conversations || !message_can_ask(task) || door_is_replaying(L)) return 0;
  BusyUser **busy = message_busy(task);
  if (*busy) busy_user_set_events(*busy, lua_toboolean(L, 1));
  else *busy = busy_user_new(in, message_sender(task), lua_toboolean(L, 1));
  const StoredRun *stored = message_run_to_move(task);
  if (!stored) return 0;
  if (stored_run_may_be_taken(stored)) {
    lua_pushcfunction(L, message_check_stored);
    lua_callk(L, 0, 0, 0, move_stored);
  }
  return move_stored(L, LUA_OK, 0);
}

void ask_push_announce(lua_State *L) { lua_pushcfunction(L, l_announce); }

// ---- the function -------------------------------------------------------------------------------

static const DoorFunction functions[] = {
  { "wechat.ask", "document", l_ask, DOOR_ASKS, NULL },
  { NULL, NULL, NULL, DOOR_READS, NULL },
};

static int take_answer(lua_State *L, int status, lua_KContext context) {
  message_answered_again(task_running(L));
  if (lua_type(L, 1) != LUA_TSTRING) return lua_gettop(L);
  if (!message_push_document(L, lua_str(L, 1))) raise(L, "wechat.ask: the answer is not a message");
  return 1;
}

static int ask(lua_State *L) {
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_callk(L, lua_gettop(L) - 1, LUA_MULTRET, 0, take_answer);
  return take_answer(L, LUA_OK, 0);
}

void ask_push(lua_State *L) {
  lua_newtable(L);
  door_set_all(L, functions, 0);
  lua_getfield(L, -1, "document");
  lua_pushcclosure(L, ask, 1);
  lua_remove(L, -2);
}
