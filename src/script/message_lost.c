// Passes the user's message to on_lost or on_message if a run cannot continue because the script has changed.
#include "script/message_inner.h"

#include "base/log.h"

// Pushes the function that gets the message; returns false if it is on_lost.
static bool push_function(lua_State *L, const StoredRun *stored) {
  if (stored && stored->run.lost_since_s && task_push_global(L, "on_lost") != LUA_TNIL)
    return false;
  lua_settop(L, 0);
  task_push_global(L, "on_message");
  return true;
}

static void push_lost(lua_State *L, const KeptRun *run) {
  lua_createtable(L, 0, 3);
  set_str(L, "question", run->lost_question);
  set_str(L, "place", run->lost_place);
  lua_pushinteger(L, run->lost_since_s);
  lua_setfield(L, -2, "since");
}

// A run that begins again gets the message with which it began.
int message_prepare_again(lua_State *L, const StoredRun *stored) {
  bool lost = !push_function(L, stored);
  if (!message_push_document(L, stored->run.message))
    raise(L, "the stored message is not a message");
  if (lost) push_lost(L, &stored->run);
  return lost ? 2 : 1;
}

static const char *what_follows(const KeptRun *run) {
  return run->answering.len > 0
             ? "the user's message goes to on_lost, or as a new one to on_message"
             : "nothing answers the user's message";
}

void message_lose(MessageRun *run, const Err *err) {
  const KeptRun *kept = &run->stored->run;
  log_warn("the conversation with %.*s cannot go on, and ended: %s; %s", STR_FMT(kept->openid),
           err->text, what_follows(kept));
  stored_run_drop(run->stored);
  stored_run_lose(run->stored);
  run->behind = 0;
}

// An unchanged script took another way if something that differs between processes led it: a global, a file, an
// address, the order of next.
static void warn_of_difference(const MessageRun *run, Task *task) {
  const KeptRun *kept = &run->stored->run;
  const char *difference = record_difference(task_record(task));
  if (kept->script == 0 || kept->script != run->in->script)
    log_warn("the script changed, so the conversation with %.*s ended: %s; %s",
             STR_FMT(kept->openid), difference, what_follows(kept));
  else
    log_warn("the script is the same but took another way, so the conversation with %.*s ended: %s "
             "(wechat.once keeps a value that differs in another process: of a global, a file, "
             "next); %s",
             STR_FMT(kept->openid), difference, what_follows(kept));
}

bool message_begin_lost(Task *task, MessageRun *run) {
  StoredRun *stored = run->stored;
  Engine *engine = task_engine(task);
  if (!stored || !task_record(task)) return false;
  warn_of_difference(run, task);
  stored_run_drop(stored);
  stored_run_leave_said(stored, false);
  run->behind = 0;
  record_watch(task_record(task), NULL, NULL, NULL);
  record_guard(task_record(task), NULL, NULL, NULL);
  if (stored->run.answering.len == 0 || !engine_start_thread(engine, NULL)) return false;
  Task *next = task_new(engine, task_body(task), run);
  if (!next) return false;
  stored_run_lose(stored);
  task_record_later(next);
  task_copy_subject(next, task_subject(task));
  task_set_rank(next, task_rank(task));
  task_set_due(next, task_due(task));
  task_hold_engine(next);
  task_limit(next);
  message_run_end_slice(run);
  run->moving = true;
  if (task_post(next)) {
    if (run->moved) *run->moved = true;
    run->moved = NULL;
    return true;
  }
  run->moving = false;
  engine_release(engine);
  return false;
}
