// The table of conversations, and how a script's wait for a user's next message begins and ends.
//
// A conversation in the table holds its interpreter. That hold goes to who takes it out: a message's job, the
// task itself (time-outs), or the list of those that were cut off, since an interpreter must not be released
// under a lock.
#include "script/conversation.h"

#include "base/clock.h"
#include "base/mutex.h"
#include "engine/method.h"
#include "engine/wait.h"
#include "script/ask.h"
#include "script/inner.h"
#include "script/message_run.h"

#include <stdlib.h>

enum { BUCKETS = 4096 };

struct Conversation {
  Timer timer;
  Conversations *conversations;
  Conversation *next;  // in its bucket, or among those cut off
  Interpreter *in;
  Wait *wait;
  const char *reason;  // why it ended; NULL: it goes on
  atomic_int holders;  // the table or who took it out; the timer
  int64_t until_us;
  uint32_t hash;
  bool events, listed;
  size_t openid_len;
  char openid[];
};

struct Conversations {
  pthread_mutex_t mutex;
  atomic_size_t count;
  uint64_t counts;  // of interpreters, so far
  Conversation *buckets[BUCKETS];
  Conversation *cut_off;
};

Conversations *conversations_new(void) {
  Conversations *conversations = calloc(1, sizeof *conversations);
  if (conversations) mutex_init_brief(&conversations->mutex);
  return conversations;
}

void conversations_free(Conversations *conversations) {
  if (!conversations) return;
  pthread_mutex_destroy(&conversations->mutex);
  free(conversations);
}

size_t conversations_count(const Conversations *conversations) {
  return atomic_load_explicit(&((Conversations *)conversations)->count, memory_order_relaxed);
}

// ---- one conversation ---------------------------------------------------------------------------

static uint32_t hash_of(Str openid) { return (uint32_t)str_hash(openid, 0); }

static void conversation_release(Conversation *conversation) {
  if (atomic_fetch_sub_explicit(&conversation->holders, 1, memory_order_acq_rel) == 1)
    free(conversation);
}

static Conversation *conversation_new(Conversations *conversations, Interpreter *in, Wait *wait,
                                      Str openid) {
  Conversation *conversation = calloc(1, sizeof *conversation + openid.len);
  if (!conversation) return NULL;
  conversation->conversations = conversations;
  conversation->in = interpreter_retain(in);
  conversation->wait = wait;
  conversation->hash = hash_of(openid);
  conversation->openid_len = openid.len;
  memcpy(conversation->openid, openid.ptr, openid.len);
  atomic_init(&conversation->holders, 1);
  return conversation;
}

static bool is_of(const Conversation *conversation, uint32_t hash, Str openid) {
  return conversation->hash == hash &&
         str_eq(str_make(conversation->openid, conversation->openid_len), openid);
}

// With the mutex held: newest first.
static void list(Conversation *conversation) {
  Conversation **bucket = &conversation->conversations->buckets[conversation->hash % BUCKETS];
  conversation->next = *bucket;
  *bucket = conversation;
  conversation->listed = true;
  atomic_fetch_add_explicit(&conversation->conversations->count, 1, memory_order_relaxed);
}

static void unlist(Conversation *conversation) {
  Conversation **link = &conversation->conversations->buckets[conversation->hash % BUCKETS];
  while (*link != conversation) link = &(*link)->next;
  *link = conversation->next;
  conversation->listed = false;
  atomic_fetch_sub_explicit(&conversation->conversations->count, 1, memory_order_relaxed);
}

static void add(Conversation *conversation) {
  pthread_mutex_lock(&conversation->conversations->mutex);
  list(conversation);
  pthread_mutex_unlock(&conversation->conversations->mutex);
}

// True for the one who took it out.
static bool take_out(Conversation *conversation) {
  pthread_mutex_lock(&conversation->conversations->mutex);
  bool listed = conversation->listed;
  if (listed) unlist(conversation);
  pthread_mutex_unlock(&conversation->conversations->mutex);
  return listed;
}

// With what the table held: the interpreter is let go of later.
static void cut_off(Conversation *conversation) {
  pthread_mutex_lock(&conversation->conversations->mutex);
  conversation->next = conversation->conversations->cut_off;
  conversation->conversations->cut_off = conversation;
  pthread_mutex_unlock(&conversation->conversations->mutex);
}

// ---- the end of a wait that no message ended ----------------------------------------------------

// The task goes on without a message to answer: what it returns goes out as customer service messages. The
// interpreter's hold is the task's from here on.
static int push_reason(lua_State *L, void *data) {
  Conversation *conversation = data;
  const char *reason = conversation->reason;
  message_orphan(task_running(L), str_make(conversation->openid, conversation->openid_len));
  conversation_release(conversation);
  lua_pushnil(L);
  lua_pushstring(L, reason);
  return 2;
}

static void drop_reason(void *data) {
  Conversation *conversation = data;
  conversation->wait = NULL;  // it is what is being dropped
  cut_off(conversation);
}

static void disarm(Conversation *conversation) {
  if (timer_remove(conversation->in->engine, &conversation->timer))
    conversation_release(conversation);
}

// The conversation must already be out of the table.
static void finish(Conversation *conversation, const char *reason) {
  conversation->reason = reason;
  wait_finish(conversation->wait, push_reason, drop_reason, conversation);
}

static void time_out(Engine *engine, void *ctx) {
  Conversation *conversation = ctx;
  if (take_out(conversation)) finish(conversation, "timeout");
  conversation_release(conversation);
}

static void arm(Conversation *conversation) {
  if (conversation->until_us == INT64_MAX) return;
  conversation->timer.fn = time_out;
  conversation->timer.ctx = conversation;
  atomic_fetch_add_explicit(&conversation->holders, 1, memory_order_relaxed);
  if (!timer_add(conversation->in->engine, &conversation->timer, conversation->until_us))
    conversation_release(conversation);
}

// The interpreter was given up, or is interrupted: called as a wait's `cancel`.
static void on_cancel(void *ctx) {
  Conversation *conversation = ctx;
  if (!take_out(conversation)) return;
  if (timer_remove_in_cancel(conversation->in->engine, &conversation->timer))
    conversation_release(conversation);
  cut_off(conversation);
}

// From here on the wait does not lead to the conversation any more.
static void part_from_wait(Conversation *conversation) {
  if (conversation->wait) wait_leave(conversation->wait);
}

void conversations_sweep(Conversations *conversations) {
  pthread_mutex_lock(&conversations->mutex);
  Conversation *conversation = conversations->cut_off;
  conversations->cut_off = NULL;
  pthread_mutex_unlock(&conversations->mutex);
  while (conversation) {
    Conversation *next = conversation->next;
    Interpreter *in = conversation->in;
    part_from_wait(conversation);
    conversation_release(conversation);
    interpreter_release(in);
    conversation = next;
  }
}

// ---- ends that others decide --------------------------------------------------------------------

// The first in the table that fits, taken out; NULL without one.
static Conversation *take_where(Conversations *conversations,
                                bool (*fits)(const Conversation *conversation, const void *ctx),
                                const void *ctx) {
  Conversation *found = NULL;
  pthread_mutex_lock(&conversations->mutex);
  for (size_t i = 0; i < BUCKETS && !found; i++) {
    found = conversations->buckets[i];
    while (found && !fits(found, ctx)) found = found->next;
  }
  if (found) unlist(found);
  pthread_mutex_unlock(&conversations->mutex);
  if (found) disarm(found);
  return found;
}

static bool is_any(const Conversation *conversation, const void *ctx) { return true; }

static bool is_in(const Conversation *conversation, const void *ctx) {
  return conversation->in == ctx;
}

void conversations_end_all(Conversations *conversations) {
  for (Conversation *conversation; (conversation = take_where(conversations, is_any, NULL));)
    cut_off(conversation);
  conversations_sweep(conversations);
}

void conversations_end_user(Conversations *conversations, Str openid, const char *reason) {
  uint32_t hash = hash_of(openid);
  for (;;) {
    if (conversations_count(conversations) == 0) return;
    pthread_mutex_lock(&conversations->mutex);
    Conversation *conversation = conversations->buckets[hash % BUCKETS];
    while (conversation && !is_of(conversation, hash, openid)) conversation = conversation->next;
    if (conversation) unlist(conversation);
    pthread_mutex_unlock(&conversations->mutex);
    if (!conversation) return;
    disarm(conversation);
    finish(conversation, reason);
  }
}

// How many interpreters out of service have conversations; *oldest is the first of them that was made.
static int count_old(Conversations *conversations, Interpreter **oldest) {
  int count = 0;
  *oldest = NULL;
  pthread_mutex_lock(&conversations->mutex);
  conversations->counts++;
  for (size_t i = 0; i < BUCKETS; i++) {
    for (Conversation *conversation = conversations->buckets[i]; conversation;
         conversation = conversation->next) {
      if (!engine_is_retired(conversation->in->engine) ||
          conversation->in->counted_in == conversations->counts)
        continue;
      conversation->in->counted_in = conversations->counts;
      count++;
      if (!*oldest || conversation->in->number < (*oldest)->number) *oldest = conversation->in;
    }
  }
  pthread_mutex_unlock(&conversations->mutex);
  return count;
}

void conversations_limit_old(Conversations *conversations, int max) {
  Interpreter *oldest;
  while (conversations_count(conversations) > 0 && count_old(conversations, &oldest) > max) {
    for (Conversation *conversation; (conversation = take_where(conversations, is_in, oldest));)
      finish(conversation, "reload");
  }
}

// ---- the user's next message --------------------------------------------------------------------

Conversation *conversations_take(Conversations *conversations, Str openid, bool is_event) {
  if (conversations_count(conversations) == 0) return NULL;
  uint32_t hash = hash_of(openid);
  pthread_mutex_lock(&conversations->mutex);
  Conversation *conversation = conversations->buckets[hash % BUCKETS];
  while (conversation &&
         !(is_of(conversation, hash, openid) && (conversation->events || !is_event)))
    conversation = conversation->next;
  if (conversation) unlist(conversation);
  pthread_mutex_unlock(&conversations->mutex);
  if (conversation) disarm(conversation);
  return conversation;
}

Interpreter *conversation_interpreter(const Conversation *conversation) { return conversation->in; }

// It waits on; the caller keeps his hold of the interpreter.
static void put_back(Conversation *conversation) {
  interpreter_retain(conversation->in);
  add(conversation);
  arm(conversation);
}

TaskState conversation_run_message(Conversation *conversation, const MessageTask *message,
                                   int64_t deadline_us, Answer *answer) {
  MessageStart start = { message, answer };
  TaskState state;
  if (!wait_resume(conversation->wait, message_begin, message_push, &start, deadline_us, &state)) {
    put_back(conversation);
    return TASK_LOST;
  }
  part_from_wait(conversation);
  conversation_release(conversation);
  return state;
}

// ---- asking -------------------------------------------------------------------------------------

int ask(lua_State *L) {
  Interpreter *in = interpreter_of(L);
  BotShared *shared = in->options.shared;
  Task *task = task_running(L);
  Err err = { 0 };
  double timeout_s = luaL_optnumber(L, 2, -1);
  bool events = lua_toboolean(L, 3);
  if (!shared || !shared->conversations || !message_can_ask(task))
    method_raise(
        L, "wechat.ask: there is no message to answer here: call it in on_message, or in what "
           "on_message calls, not in a timer or a spawned function");
  message_take_question(L, task);
  if (!engine_start_thread(in->engine, &err)) method_raise(L, "wechat.ask: %s", err.text);
  Wait *wait = wait_begin(L, "wechat.ask");
  Conversation *conversation =
      conversation_new(shared->conversations, in, wait, message_sender(task));
  if (!conversation) {
    wait_abort(wait);
    raise_no_memory(L);
  }
  conversation->events = events;
  conversation->until_us = timeout_s < 0 ? INT64_MAX : clock_now_us() + (int64_t)(timeout_s * 1e6);
  add(conversation);
  arm(conversation);
  message_answer_and_stay(task);
  return wait_suspend(L, wait, on_cancel, conversation);
}
