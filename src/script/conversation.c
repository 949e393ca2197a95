// The life of a conversation in memory: its begin, the user's next message, its time-out.
#include "script/conversation_inner.h"

#include "base/clock.h"
#include "script/message_run.h"

#include <stdlib.h>

// How long a conversation that is in the store stays in memory.
enum { IDLE_US = 300 * 1000000 };

// ---- end ----------------------------------------------------------------------------------------

// The task continues without a message to answer: its result is sent as customer service messages. The task takes over
// the interpreter's reference.
static int push_reason(lua_State *L, void *data) {
  Conversation *conversation = data;
  const char *reason = conversation->reason;
  Task *task = task_running(L);
  message_take_busy(task, &conversation->busy);
  message_orphan(task, conversation_openid(conversation), conversation->gone);
  conversation_release(conversation);
  lua_pushnil(L);
  lua_pushstring(L, reason);
  return 2;
}

static void drop_reason(void *data) {
  Conversation *conversation = data;
  conversation->wait = NULL;  // the wait is being dropped
  conversation_cut_off(conversation);
}

void conversation_finish(Conversation *conversation, const char *reason) {
  conversation->reason = reason;
  wait_finish(conversation->wait, push_reason, drop_reason, conversation);
}

// Lets the run in the store go. One that is claimed for a message, which did not get it, waits there again.
static void let_go(Conversation *conversation) {
  Keep *keep = conversation->in->options.shared->keep;
  KeptRun run;
  Buf value;
  buf_init(&value);
  if (conversation->claim.len && kept_read(buf_str(&conversation->claim), &run)) {
    run.state = KEPT_ASKS;
    run.process = run.answering = STR("");
    keep_save(keep, &run, &conversation->claim, &value, NULL, NULL);
  }
  keep_let_go(keep, conversation_openid(conversation), conversation->kept_until_ms);
  buf_clear(&value);
}

void conversation_evict(Conversation *conversation) {
  Engine *engine = conversation->in->engine;
  if (engine_enter(engine, INT64_MAX)) {
    wait_forget(conversation->wait);
    engine_leave(engine);
  }
  let_go(conversation);
  conversation_cut_off(conversation);
}

bool conversation_can_leave(const Conversation *conversation) {
  if (!conversation->kept) return false;
  if (!engine_enter(conversation->in->engine, INT64_MAX)) return true;
  Task *task = wait_task(conversation->wait);
  Record *record = task ? task_record(task) : NULL;
  bool alone = record && record_tasks(record) == 1 &&
               (!record_is_pinned(record) || engine_is_retired(conversation->in->engine));
  engine_leave(conversation->in->engine);
  return alone;
}

// Makes the wait no longer refer to the conversation.
static void part_from_wait(Conversation *conversation) {
  if (conversation->wait) wait_leave(conversation->wait);
}

void conversations_sweep(Conversations *conversations) {
  Conversation *conversation = conversations_cut_off(conversations);
  while (conversation) {
    Conversation *next = conversation->next;
    Interpreter *in = conversation->in;
    part_from_wait(conversation);
    conversation_release(conversation);
    interpreter_release(in);
    conversation = next;
  }
}

// ---- begin --------------------------------------------------------------------------------------

static void time_out(Engine *engine, void *ctx) {
  Conversation *conversation = ctx;
  if (conversation_take_out(conversation)) {
    bool due = clock_now_us() >= conversation->until_us;
    bool shared = conversation->kept && keep_is_shared(conversation->in->options.shared->keep);
    if ((!due || shared) && conversation_can_leave(conversation)) conversation_evict(conversation);
    else if (due) conversation_finish(conversation, "timeout");
    else conversation_put_back(conversation);
  }
  conversation_release(conversation);
}

static void arm(Conversation *conversation) {
  int64_t due_us = conversation->until_us, idle_us = clock_now_us() + IDLE_US;
  bool leaves = conversation->kept && keep_outlives_process(conversation->in->options.shared->keep);
  if (leaves && idle_us < due_us) due_us = idle_us;
  if (due_us == INT64_MAX) return;
  conversation->timer.fn = time_out;
  conversation->timer.ctx = conversation;
  atomic_fetch_add_explicit(&conversation->holders, 1, memory_order_relaxed);
  if (!timer_add(conversation->in->engine, &conversation->timer, due_us))
    conversation_release(conversation);
}

void conversation_put_back(Conversation *conversation) {
  conversation_add(conversation);
  arm(conversation);
}

// Copies a text; returns the position of the next one.
static char *add_text(char *to, Str text) {
  if (text.len) memcpy(to, text.ptr, text.len);
  return to + text.len;
}

static Conversation *conversation_new(Interpreter *in, Wait *wait, const OpenConversation *shown) {
  Str openid = shown->openid, question = shown->question, place = shown->place;
  Conversation *conversation =
      calloc(1, sizeof *conversation + openid.len + question.len + place.len);
  if (!conversation) return NULL;
  conversation->conversations = in->options.shared->conversations;
  conversation->in = interpreter_retain(in);
  conversation->wait = wait;
  conversation->since_us = conversation->until_us = clock_now_us();
  conversation->openid_len = openid.len;
  conversation->question_len = question.len;
  conversation->place_len = place.len;
  conversation->hash = conversation_hash(openid);
  add_text(add_text(add_text(conversation->texts, openid), question), place);
  atomic_init(&conversation->holders, 1);
  return conversation;
}

// Takes over the script's mark, or makes one. Returns false without memory.
static bool take_busy(Conversation *conversation, const Asking *asking) {
  conversation->busy = *asking->busy;
  *asking->busy = NULL;
  if (!conversation->busy)
    conversation->busy =
        busy_user_new(conversation->in, conversation_openid(conversation), asking->events);
  return conversation->busy;
}

Conversation *conversation_begin(Interpreter *in, Wait *wait, const Asking *asking) {
  Conversation *conversation = conversation_new(in, wait, &asking->shown);
  const StoredRun *stored = asking->stored;
  if (!conversation) return NULL;
  if (!take_busy(conversation, asking)) {
    interpreter_release(in);
    conversation_release(conversation);
    return NULL;
  }
  conversation->events = asking->events;
  if (asking->timeout_s < 0) conversation->until_us = INT64_MAX;
  else conversation->until_us += (int64_t)(asking->timeout_s * 1e6);
  conversation->kept = stored;
  if (stored) {
    conversation->asks = stored->run.asks;
    conversation->answered = str_hash(stored->run.answering, 0);
    conversation->kept_until_ms = stored->run.until_ms;
  }
  conversation_put_back(conversation);
  return conversation;
}

// The wait's `cancel`: the interpreter was given up or is interrupted.
void conversation_cancel(void *ctx) {
  Conversation *conversation = ctx;
  if (!conversation_take_out(conversation)) return;
  if (conversation->kept) let_go(conversation);
  if (timer_remove_in_cancel(conversation->in->engine, &conversation->timer))
    conversation_release(conversation);
  conversation_cut_off(conversation);
}

// ---- next message of the user -------------------------------------------------------------------

Interpreter *conversation_interpreter(const Conversation *conversation) { return conversation->in; }

// Checks that this process may still continue the conversation: another process on the store may have done so.
static KeepFound claim(Conversation *conversation, Str answering) {
  Keep *keep = conversation->in->options.shared->keep;
  if (!conversation->kept || !keep_is_shared(keep) || conversation->claim.len) return KEEP_ASKING;
  KeepFound found = keep_claim_held(keep, conversation_openid(conversation), conversation->asks,
                                    conversation->answered, answering, &conversation->claim);
  if (found != KEEP_ASKING) buf_clear(&conversation->claim);
  return found;
}

TaskState conversation_run_message(Conversation *conversation, const MessageTask *message,
                                   int64_t deadline_us, Answer *answer) {
  MessageStart start = { message, answer, NULL, &conversation->busy };
  TaskState state;
  interpreter_retain(conversation->in);  // the caller keeps its own reference
  // The message is a retry that this question has already answered, perhaps at another process.
  if (conversation->kept && conversation->answered == str_hash(message->raw, 0)) {
    conversation_put_back(conversation);
    *answer = (Answer){ .reply.form = REPLY_NONE };
    return TASK_RETURNED;
  }
  KeepFound found = claim(conversation, message->raw);
  if (found != KEEP_ASKING) {
    if (found == KEEP_BUSY) conversation_put_back(conversation);
    else conversation_evict(conversation);
    return TASK_LOST;
  }
  if (conversation->claim.len) start.value = &conversation->claim;
  if (!wait_resume(conversation->wait, message_begin, message_push, &start, deadline_us, &state)) {
    conversation_put_back(conversation);
    return TASK_LOST;
  }
  Interpreter *in = conversation->in;
  // Its interpreter was given up.
  if (state == TASK_LOST && conversation->kept) let_go(conversation);
  part_from_wait(conversation);
  conversation_release(conversation);
  interpreter_release(in);
  return state;
}
