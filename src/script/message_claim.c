// Another process may have run the message while this process was stopped for long. So the run asks the store before it
// calls anything, and before it answers.
#include "script/message_inner.h"

#include "base/log.h"
#include "engine/wait.h"

static bool is_in_doubt(const MessageRun *run) {
  return run->claim && run->owner && run->claim->is_in_doubt(run->owner);
}

static bool run_is_in_doubt(void *run) { return is_in_doubt(run); }

bool message_is_in_doubt(Task *task) { return is_in_doubt(message_run(task)); }

void message_guard(Task *task, Record *record) {
  record_guard(record, message_confirm, run_is_in_doubt, message_run(task));
}

static int push_mine(lua_State *L, void *unused) { return 0; }

static int push_lost(lua_State *L, void *unused) {
  Record *record = task_record(task_running(L));
  const MessageRun *run = record ? record_guarded(record) : NULL;
  if (run && run->stored) run->stored->in_doubt = true;
  log_warn("a script was ended before its next call: this process was frozen for seconds, and "
           "another process took its message over");
  return task_leave(L);
}

static void on_told(void *wait, bool mine) {
  wait_finish(wait, mine ? push_mine : push_lost, NULL, NULL);
}

// The running task is the message's task, or a task that it began.
int message_confirm(lua_State *L) {
  Record *record = task_record(task_running(L));
  MessageRun *run = record ? record_guarded(record) : NULL;
  if (!run || !is_in_doubt(run)) return 0;
  Wait *wait = wait_begin(L, "the store");
  if (run->claim->confirm(run->owner, on_told, wait)) return wait_suspend(L, wait, NULL, NULL);
  wait_abort(wait);
  return 0;
}
