#include "script/cancel.h"

#include "script/inner.h"
#include "script/kept_answers.h"
#include "script/message_run.h"

static bool is_meant(Task *task, const void *ctx) {
  const Cancel *cancel = ctx;
  LogSubject subject = task_subject(task);
  if (!str_eq(subject.openid, cancel->openid) || message_is_asking(task)) return false;
  if (message_is_known_by(task, cancel->identity)) return false;
  if (!cancel->all && !task_rank_is_before(task_rank(task), cancel->before)) return false;
  message_silence(task);
  return true;
}

bool cancel_of_earlier(lua_State *L, Cancel *cancel) {
  Task *task = task_running(L);
  if (!message_can_ask(task)) return false;
  *cancel = (Cancel){ .openid = message_sender(task),
                      .before = task_rank(task),
                      .identity = message_known_by(task) };
  message_tell_newest(task);
  return true;
}

void cancel_all(lua_State *L, Str openid, Cancel *cancel, bool *is_conversation) {
  Task *task = task_running(L);
  bool own = message_is_answering(task) && str_eq(message_sender(task), openid);
  *cancel =
      (Cancel){ .openid = openid, .all = true, .identity = own ? message_known_by(task) : STR("") };
  *is_conversation = own && message_is_conversation(task);
}

void cancel_here(Engine *engine, const Cancel *cancel) {
  if (cancel->openid.len) engine_cancel_tasks(engine, is_meant, cancel);
}

void cancel_elsewhere(BotShared *shared, const Interpreter *own, const Cancel *cancel) {
  if (cancel->openid.len == 0) return;
  cancels_tell(shared->cancels, own, cancel, cancel_here);
  if (!cancel->all && shared->kept)
    kept_answers_end_others(shared->kept, cancel->openid, cancel->identity);
}
