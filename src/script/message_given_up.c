// What becomes of a message whose script ran when its interpreter was given up. The call in which it is stuck may never
// return, so nothing waits for it: not the message's owner, nor the user's later messages and late answers.
#include "script/message_inner.h"

#include "script/conversation_inner.h"
#include "script/kept_answers.h"
#include "script/late_order.h"

static void let_user_go(MessageRun *run) {
  BotShared *shared = message_shared(run);
  BusyUser *busy = run->busy;
  run->busy = NULL;
  busy_user_free(busy);
  late_order_leave(atomic_exchange(&run->place, NULL), false);
  if (shared && shared->kept && run->arena)
    kept_answers_end(shared->kept, run->sender, run->identity);
}

// It has failed: another process does not run it again.
static void let_stored_go(MessageRun *run) {
  if (!run->stored) return;
  stored_run_drop(run->stored);
  message_settle(message_shared(run), run->stored);
}

// The task's own thread uses none of this until its call returns, and then waits for the end of this in
// message_claim_end.
static void on_given_up(void *ctx, const char *place) {
  MessageRun *run = ctx;
  const InterpreterOptions *options = &run->in->options;
  char text[PLACE_SIZE + 64];
  snprintf(text, sizeof text, "%s%sthe script was given up", place, place[0] ? ": " : "");
  if (options->on_failure) options->on_failure(options->on_failure_ctx, run->sender, str_of(text));
  let_user_go(run);
  let_stored_go(run);
  if (run->given_up) run->given_up(run->owner, place);
}

void message_watch_given_up(Task *task) {
  task_when_given_up(task, on_given_up, message_run(task));
}

bool message_claim_end(Task *task) {
  MessageRun *run = message_run(task);
  if (task_claim_end(task)) return true;
  run->late = NULL;
  run->done = NULL;
  run->silent = true;
  return false;
}
