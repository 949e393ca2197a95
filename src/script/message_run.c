// The state of a message's run while the script answers, and afterwards.
#include "script/message_inner.h"

#include "base/clock.h"
#include "script/conversation_inner.h"
#include "script/late_order.h"
#include "script/message_value.h"

#include <stdlib.h>

bool message_push_document(lua_State *L, Str document) {
  ScriptContext *context = script_context(L);
  MessageHead head;
  if (!message_parse(context->xml, document, &context->tree, &head, NULL)) return false;
  message_value_push(L, &context->tree, &head, document);
  lua_pushvalue(L, -1);
  context_set_message(L);
  return true;
}

void message_run_say_late(MessageRun *run) {
  BotShared *shared = message_shared(run);
  said_clear(&run->own_said);
  atomic_store(&run->own_said.state,
               shared->kept && shared_sends_nothing(shared) ? SAID_KEEPS : SAID_SENDS);
  if (run->said == &run->own_said && run->stored)
    said_was_taken(&run->own_said, (size_t)run->stored->run.taken, run->stored->run.other_taken);
}

MessageRun message_run_empty(Interpreter *in, const MessageRun *run) {
  return (MessageRun){ .in = in,
                       .answer = { .reply.form = REPLY_NONE },
                       .error_text = run ? run->error_text : (Buf){ 0 },
                       .stored = run ? run->stored : NULL };
}

void message_run_take(MessageRun *run, const MessageTask *message, Answer *answer) {
  run->tree = message->tree;
  run->head = message->head;
  run->raw = message->raw;
  run->returned = answer;
  run->is_event = message->head->is_event;
  run->arena = message->arena;
  run->sender = message->sender;
  run->api_calls = message->api_calls;
  run->said = message->said;
  run->owner = message->owner;
  run->claim = message->claim;
  run->owe_at_us = message->owe_at_us;
  run->owes = message->owes;
  run->is_newest = message->is_newest;
  run->identity = message->identity;
  run->late = message->late;
  run->done = message->done;
  run->over = message->over;
  if (message->begun_us) *message->begun_us = clock_now_us();
}

void message_run_end_slice(MessageRun *run) {
  run->tree = NULL;
  run->head = NULL;
  run->raw = STR("");
  run->returned = NULL;
}

StoredRun *message_stored_run(Task *task) {
  MessageRun *run = message_run(task);
  Keep *keep = message_keep(run->in);
  if (run->stored || !keep || !run->raw.len) return run->stored;
  run->stored = stored_run_new(keep, run->sender, run->raw);
  if (run->stored) run->stored->run.script = run->in->script;
  return run->stored;
}

// Takes the message's place, unless it has one.
void message_run_take_place(MessageRun *run) {
  BotShared *shared = run->in->options.shared;
  if (!run->place && shared && shared->late_order && run->sender.len)
    run->place = late_order_enter(shared->late_order, run->sender, run->identity);
  if (run->own_arena) late_order_share(run->place);  // its message was answered without it
}

void message_run_free(void *data) {
  MessageRun *run = data;
  void *owner = run->owner;
  void (*over)(void *owner) = run->returned ? NULL : run->over;
  if (run->moving) {
    run->moving = false;
    return;
  }
  busy_user_free(run->busy);
  arena_free(run->own_arena);
  buf_clear(&run->error_text);
  stored_run_free(run->stored);
  said_clear(&run->own_said);
  free(run);
  if (over) over(owner);
}
