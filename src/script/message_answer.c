// Makes a script's result the answer, and passes it to the caller or the owner, or sends it as a late reply.
#include "script/message_inner.h"

#include "base/log.h"
#include "engine/method.h"
#include "script/kept_answers.h"
#include "script/late.h"
#include "script/late_order.h"
#include "script/reply_value.h"
#include "script/said_value.h"

#include <stdio.h>

// Returns the "file:line" of "file:line: message".
static Str place_of(Str error) {
  size_t at = 0, colons = 0;
  while (at < error.len && error.ptr[at] != '\n' && (colons += error.ptr[at] == ':') < 2) at++;
  return colons == 2 ? str_sub(error, 0, at) : STR("");
}

void message_tell_failure(MessageRun *run, Str error) {
  const InterpreterOptions *options = &run->in->options;
  if (options->on_failure) options->on_failure(options->on_failure_ctx, run->sender, error);
  if (run->arena) run->answer.place = arena_dup(run->arena, place_of(error));
}

// Pushes the function whose result is at 1: the one behind it, by which lua/wechat/bot.lua names a rule's, else the
// global `function`. Returns the type.
static int push_author(lua_State *L, const char *function) {
  if (lua_type(L, 2) != LUA_TFUNCTION) return task_push_global(L, function);
  lua_pushvalue(L, 2);
  return LUA_TFUNCTION;
}

static void complain_of_result(lua_State *L, MessageRun *run, const char *function) {
  lua_Debug ar = { .short_src = "?", .linedefined = 0 };
  if (push_author(L, function) == LUA_TFUNCTION) lua_getinfo(L, ">S", &ar);
  char text[300];
  snprintf(text, sizeof text,
           "%s:%d: %s returned a value of type %s: return a reply (wechat.response_...), a "
           "string, or nothing",
           ar.short_src, ar.linedefined, lua_isfunction(L, 2) ? "this function" : function,
           luaL_typename(L, 1));
  log_error("%s", text);
  if (run->in->options.shared) atomic_fetch_add(&run->in->options.shared->errors, 1);
  message_tell_failure(run, str_of(text));
}

static bool was_said(const MessageRun *run) {
  return run->said && atomic_load_explicit(&run->said->parts, memory_order_relaxed);
}

// If nothing of the parts was taken before, they are the answer. Otherwise, if parts are left to be sent, the answer is
// "…", which stands for them.
void message_take_parts(MessageRun *run) {
  Str rest;
  if (!was_said(run) || run->in_parts) return;
  run->in_parts = true;
  run->answer.rest = STR("");
  run->took_parts = said_take(run->said, said_state(run->said), true, REPLY_TEXT_MAX, run->arena,
                              &run->answer.reply);
  if (!run->took_parts && said_left(run->said))
    reply_text(&run->answer.reply, run->arena, STR("…"), &rest);
}

// Makes the value at 1 the last part. Raises if it cannot be a part.
static void take_last_part(lua_State *L, Task *task) {
  MessageRun *run = message_run(task);
  if (run->answer.reply.form != REPLY_NONE) said_value(L, 1, run->said, run->is_event);
  if (run->answer.reply.form != REPLY_NONE) said_keep(L, 1, task);
  message_take_parts(run);
}

void message_take_reply(lua_State *L, Task *task, const char *function) {
  MessageRun *run = message_run(task);
  switch (reply_value_to(L, 1, run->arena, run->is_event, &run->answer.reply, &run->answer.rest)) {
    case REPLY_VALUE_OK:
      if (was_said(run)) return take_last_part(L, task);
      lua_pushvalue(L, 1);
      task_set_value(L, task, VALUE_REPLY);
      return;
    case REPLY_VALUE_NOT_A_REPLY: complain_of_result(L, run, function); break;
    case REPLY_VALUE_NO_MEMORY: raise(L, "not enough memory for the reply");
  }
  run->answer.reply = (Reply){ .form = REPLY_NONE };
  run->answer.rest = STR("");
  message_take_parts(run);
}

void message_take_question(lua_State *L, Task *task, bool sent) {
  MessageRun *run = message_run(task);
  run->sent = sent;
  switch (reply_value_to(L, 1, run->arena, run->is_event, &run->answer.reply, &run->answer.rest)) {
    case REPLY_VALUE_OK:
      if (was_said(run) && !sent) return take_last_part(L, task);
      break;
    case REPLY_VALUE_NOT_A_REPLY:
      method_raise(L, "wechat.ask: question is a %s (string or reply expected)",
                   luaL_typename(L, 1));
    case REPLY_VALUE_NO_MEMORY: raise(L, "not enough memory for the question");
  }
  lua_pushvalue(L, 1);
  task_set_value(L, task, VALUE_REPLY);
}

void message_use_error_reply(MessageRun *run, TaskState state) {
  Str text = run->in->options.error_reply;
  Answer *answer = &run->answer;
  if (state == TASK_RETURNED || answer->reply.form != REPLY_NONE || !run->arena || text.len == 0)
    return;
  if (!reply_text(&answer->reply, run->arena, text, &answer->rest))
    answer->reply = (Reply){ .form = REPLY_NONE };
}

// Passes the answer to the caller or the owner. Returns whether the answer must be sent as customer service messages:
// it is too late, or the run has no caller or owner.
static bool give_answer(const Task *task, MessageRun *run) {
  if (run->returned) {
    *run->returned = run->answer;
    return run->late && run->late(run->owner, &run->answer);
  }
  if (run->done) return run->done(run->owner, task_state(task), &run->answer);
  return run->own_arena;
}

// Moves a conversation that has ended away from its user's key, so that the user's messages do not wait until its
// answer is out. One that timed out has no message, so its key is made up.
static void leave_user(Task *task, MessageRun *run) {
  StoredRun *stored = run->stored;
  char made_up[64];
  Record *record = task_record(task);
  if (!record || record_given_up(record)[0] || stored_run_may_be_taken(stored)) return;
  snprintf(made_up, sizeof made_up, "ended.%lld.%lld", (long long)stored->run.since_s,
           (long long)stored->run.asks);
  stored_run_move(stored, run->identity.len ? run->identity : str_of(made_up));
  if (message_owe(task)) stored_run_moved(stored);
}

// Returns whether the store has what is left to be sent.
static bool owe_rest(Task *task, MessageRun *run, bool late) {
  StoredRun *stored = late ? run->stored : message_stored_run(task);
  bool in_store = stored && stored->in_store;
  if (!late && stored) stored->run.rest = true;
  if (in_store && stored->run.identity.len == 0) leave_user(task, run);
  return (in_store && late) || message_owe(task);
}

// Ends the promise of a kept answer, because the script ended without an answer.
static void end_promise(const MessageRun *run) {
  KeptAnswers *kept = message_shared(run) ? message_shared(run)->kept : NULL;
  bool waited = run->own_arena || (run->said && said_state(run->said) == SAID_KEEPS);
  if (kept && waited) kept_answers_end(kept, run->sender, run->identity);
}

// A late reply is owed until it is sent: its task takes ownership of the stored run.
void message_give_answer(Task *task, MessageRun *run) {
  const Answer *answer = &run->answer;
  bool rest = run->stored && run->stored->run.rest;
  bool late = give_answer(task, run) && answer->reply.form != REPLY_NONE && !rest;
  if (late && run->took_parts) said_give_back(run->said);
  if (run->in_parts && said_state(run->said) != SAID_DROPS && said_left(run->said)) late = true;
  LatePlace *place = run->place;
  run->place = NULL;
  if (!late && answer->rest.len == 0) {
    if (!task_is_dropped(task)) end_promise(run);
    return late_order_leave(place, task_is_dropped(task) && run->stored && run->stored->in_store);
  }
  bool ended = !run->asked && !task_is_dropped(task);
  bool owed = ended && owe_rest(task, run, late);
  if (owed) stored_run_leave_said(run->stored, true);
  Late sent = { .reply = late ? &answer->reply : NULL,
                .rest = answer->rest,
                .said = run->in_parts ? run->said : NULL,
                .place = place,
                .openid = run->sender,
                .identity = run->identity,
                .keeps = run->said && said_state(run->said) == SAID_KEEPS,
                .asks = run->asked,
                .gone = run->gone,
                .stored = owed ? run->stored : NULL };
  if (owed) run->stored = NULL;
  late_send(task, message_shared(run), &sent);
}
