// The table of conversations, and the start and end of a script's wait for a user's next message.
//
// A conversation in the table holds its interpreter. Whatever takes the conversation out gets that reference: a
// message's job, the task itself (time-outs), or the list of cut-off conversations, since an interpreter must not be
// released under a lock.
#include "script/conversation.h"

#include "base/clock.h"
#include "base/mutex.h"
#include "base/log.h"
#include "engine/door.h"
#include "engine/method.h"
#include "engine/place.h"
#include "engine/wait.h"
#include "script/ask.h"
#include "script/inner.h"
#include "script/message_run.h"

#include <stdlib.h>

enum {
  BUCKETS = 4096,
  QUESTION_MAX = 200,           // bytes of a question kept in memory for conversations_list
  STORE_PAUSE_US = 200 * 1000,  // between two attempts to put a question into the store
  IDLE_US = 300 * 1000000,      // how long a conversation that is in the store stays in memory
  // How many conversations one call handles: LEAVE_MAX leave memory, or END_MAX end, at most one in END_SHARE.
  LEAVE_MAX = 200,
  END_MAX = 50,
  END_SHARE = 10
};

struct Conversation {
  Timer timer;
  Conversations *conversations;
  Conversation *next;  // in its bucket, or in the list of cut-off conversations
  Interpreter *in;
  Wait *wait;
  const char *reason;  // why it ended; NULL: it has not ended
  bool gone;           // nothing is kept for its user
  atomic_int holders;  // the table, or whatever took it out; the timer
  int64_t since_us, until_us;
  uint32_t hash;
  bool events, listed;
  bool kept;                    // it is in the store too
  bool stays;                   // it could not leave memory when memory was short
  bool claimed;                 // claimed in the store, for a message that it could not get yet
  int64_t asks, kept_until_ms;  // as in KeptRun
  uint64_t answered;            // hash of the message that the question answered
  size_t openid_len, question_len, place_len;
  char texts[];  // openid, question, place; the latter two are empty if `kept`: the store has them
};

struct Conversations {
  pthread_mutex_t mutex;
  atomic_size_t count;
  uint64_t counts;  // number of counts of interpreters so far
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

size_t conversations_open(const BotShared *shared) {
  size_t kept = shared->keep ? keep_conversations(shared->keep) : 0;
  size_t here = conversations_count(shared->conversations);
  return here > kept ? here : kept;
}

// ---- conversation -------------------------------------------------------------------------------

static uint32_t hash_of(Str openid) { return (uint32_t)str_hash(openid, 0); }

static void conversation_release(Conversation *conversation) {
  if (atomic_fetch_sub_explicit(&conversation->holders, 1, memory_order_acq_rel) == 1)
    free(conversation);
}

// Copies a text; returns the position of the next one.
static char *add_text(char *to, Str text) {
  if (text.len) memcpy(to, text.ptr, text.len);
  return to + text.len;
}

static Conversation *conversation_new(Conversations *conversations, Interpreter *in, Wait *wait,
                                      const OpenConversation *texts) {
  Str openid = texts->openid, question = texts->question, place = texts->place;
  Conversation *conversation =
      calloc(1, sizeof *conversation + openid.len + question.len + place.len);
  if (!conversation) return NULL;
  conversation->conversations = conversations;
  conversation->in = interpreter_retain(in);
  conversation->wait = wait;
  conversation->since_us = clock_now_us();
  conversation->hash = hash_of(openid);
  conversation->openid_len = openid.len;
  conversation->question_len = question.len;
  conversation->place_len = place.len;
  add_text(add_text(add_text(conversation->texts, openid), question), place);
  atomic_init(&conversation->holders, 1);
  return conversation;
}

static bool is_of(const Conversation *conversation, uint32_t hash, Str openid) {
  return conversation->hash == hash &&
         str_eq(str_make(conversation->texts, conversation->openid_len), openid);
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

// Returns true on the one thread that took the conversation out.
static bool take_out(Conversation *conversation) {
  pthread_mutex_lock(&conversation->conversations->mutex);
  bool listed = conversation->listed;
  if (listed) unlist(conversation);
  pthread_mutex_unlock(&conversation->conversations->mutex);
  return listed;
}

// Puts a conversation and its interpreter on the list of conversations to release later (conversations_sweep).
static void cut_off(Conversation *conversation) {
  pthread_mutex_lock(&conversation->conversations->mutex);
  conversation->next = conversation->conversations->cut_off;
  conversation->conversations->cut_off = conversation;
  pthread_mutex_unlock(&conversation->conversations->mutex);
}

// ---- end without a message ----------------------------------------------------------------------

static Str openid_of(const Conversation *conversation) {
  return str_make(conversation->texts, conversation->openid_len);
}

static void put_back(Conversation *conversation);

// The task continues without a message to answer: its result is sent as customer service messages. The task takes over
// the interpreter's reference.
static int push_reason(lua_State *L, void *data) {
  Conversation *conversation = data;
  const char *reason = conversation->reason;
  message_orphan(task_running(L), str_make(conversation->texts, conversation->openid_len),
                 conversation->gone);
  conversation_release(conversation);
  lua_pushnil(L);
  lua_pushstring(L, reason);
  return 2;
}

static void drop_reason(void *data) {
  Conversation *conversation = data;
  conversation->wait = NULL;  // the wait is being dropped
  cut_off(conversation);
}

static void disarm(Conversation *conversation) {
  if (timer_remove(conversation->in->engine, &conversation->timer))
    conversation_release(conversation);
}

// Ends a conversation, which must already be out of the table.
static void finish(Conversation *conversation, const char *reason) {
  conversation->reason = reason;
  wait_finish(conversation->wait, push_reason, drop_reason, conversation);
}

// Removes a conversation from memory and cuts it off; it can continue from the store. It must already be out of the
// table.
static void evict(Conversation *conversation) {
  Keep *keep = conversation->in->options.shared->keep;
  Engine *engine = conversation->in->engine;
  if (engine_enter(engine, INT64_MAX)) {
    wait_forget(conversation->wait);
    engine_leave(engine);
  }
  keep_let_go(keep, openid_of(conversation), conversation->kept_until_ms);
  cut_off(conversation);
}

// Returns whether the conversation can leave memory: not while other tasks of the script's run still run.
static bool can_leave(const Conversation *conversation) {
  if (!conversation->kept) return false;
  if (!engine_enter(conversation->in->engine, INT64_MAX)) return true;
  Task *task = wait_task(conversation->wait);
  Record *record = task ? task_record(task) : NULL;
  bool alone = record && record_tasks(record) == 1;
  engine_leave(conversation->in->engine);
  return alone;
}

static void time_out(Engine *engine, void *ctx) {
  Conversation *conversation = ctx;
  if (take_out(conversation)) {
    bool due = clock_now_us() >= conversation->until_us;
    bool shared = conversation->kept && keep_is_shared(conversation->in->options.shared->keep);
    if ((!due || shared) && can_leave(conversation)) evict(conversation);
    else if (due) finish(conversation, "timeout");
    else put_back(conversation);
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

// The wait's `cancel`: the interpreter was given up or is interrupted.
static void on_cancel(void *ctx) {
  Conversation *conversation = ctx;
  if (!take_out(conversation)) return;
  if (conversation->kept)
    keep_let_go(conversation->in->options.shared->keep, openid_of(conversation),
                conversation->kept_until_ms);
  if (timer_remove_in_cancel(conversation->in->engine, &conversation->timer))
    conversation_release(conversation);
  cut_off(conversation);
}

// Makes the wait no longer refer to the conversation.
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

// ---- end from outside ---------------------------------------------------------------------------

// Takes out the first matching conversation; NULL if there is none.
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
    conversation->gone = true;
    finish(conversation, reason);
  }
}

// Counts the interpreters out of service that have conversations; *oldest gets the oldest of them.
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
    for (Conversation *conversation; (conversation = take_where(conversations, is_in, oldest));) {
      if (can_leave(conversation)) evict(conversation);
      else finish(conversation, "reload");
    }
  }
}

static bool may_leave(const Conversation *conversation, const void *in) {
  return conversation->in == in && conversation->kept && !conversation->stays;
}

static size_t let_leave(Conversations *conversations, const Interpreter *in) {
  size_t left = 0;
  for (Conversation *conversation;
       left < LEAVE_MAX && (conversation = take_where(conversations, may_leave, in));) {
    if (can_leave(conversation)) {
      evict(conversation);
      left++;
    } else {
      conversation->stays = true;
      put_back(conversation);
    }
  }
  return left;
}

// Takes out the oldest conversation in interpreter `in`; NULL if there is none. *count gets the number that there were.
static Conversation *take_oldest(Conversations *conversations, const Interpreter *in,
                                 size_t *count) {
  Conversation *oldest = NULL;
  *count = 0;
  pthread_mutex_lock(&conversations->mutex);
  for (size_t i = 0; i < BUCKETS; i++) {
    for (Conversation *one = conversations->buckets[i]; one; one = one->next) {
      if (one->in != in) continue;
      ++*count;
      if (!oldest || one->since_us < oldest->since_us) oldest = one;
    }
  }
  if (oldest) unlist(oldest);
  pthread_mutex_unlock(&conversations->mutex);
  if (oldest) disarm(oldest);
  return oldest;
}

static size_t end_oldest(Conversations *conversations, const Interpreter *in) {
  size_t ended = 0, count = 0;
  for (Conversation *oldest; ended < END_MAX && ended * END_SHARE <= count &&
                             (oldest = take_oldest(conversations, in, &count));
       ended++) {
    LogSubject before = log_about((LogSubject){ .openid = openid_of(oldest) });
    log_warn("the conversation was ended: script_memory_mb is used up, and no store keeps it");
    log_about(before);
    finish(oldest, "memory");
  }
  return ended;
}

ConversationsGone conversations_make_room(Conversations *conversations, const Interpreter *in) {
  ConversationsGone gone = { 0 };
  if (conversations_count(conversations) == 0) return gone;
  if (in->options.shared->keep) gone.left = let_leave(conversations, in);
  else gone.ended = end_oldest(conversations, in);
  conversations_sweep(conversations);
  return gone;
}

// ---- list for display ---------------------------------------------------------------------------

static OpenConversation describe(const Conversation *conversation, Arena *arena) {
  int64_t until_us = conversation->until_us, now_us = clock_now_us();
  int64_t left_us = until_us - now_us;
  const char *question = conversation->texts + conversation->openid_len;
  const char *place = question + conversation->question_len;
  return (OpenConversation){ .openid = arena_dup(arena, openid_of(conversation)),
                             .question =
                                 arena_dup(arena, str_make(question, conversation->question_len)),
                             .place = arena_dup(arena, str_make(place, conversation->place_len)),
                             .since_s =
                                 clock_unix_s() - (now_us - conversation->since_us) / 1000000,
                             .left_s = until_us == INT64_MAX ? -1
                                       : left_us > 0         ? left_us / 1000000
                                                             : 0 };
}

// Lists the conversations that are only in memory, in `arena`. Returns NULL with *count 0 without memory.
static OpenConversation *list_here(Conversations *conversations, size_t max, Arena *arena,
                                   size_t *count) {
  OpenConversation *list = arena_alloc(arena, (max + 1) * sizeof *list);
  *count = 0;
  if (!list) return NULL;
  pthread_mutex_lock(&conversations->mutex);
  for (size_t i = 0; i < BUCKETS && *count < max; i++) {
    for (Conversation *one = conversations->buckets[i]; one && *count < max; one = one->next) {
      if (!one->kept) list[(*count)++] = describe(one, arena);
    }
  }
  pthread_mutex_unlock(&conversations->mutex);
  return list;
}

typedef struct {
  void (*each)(void *ctx, const OpenConversation *one);
  void *ctx;
} Telling;

static void tell_kept(void *ctx, const KeptRun *run) {
  const Telling *telling = ctx;
  int64_t left_ms = run->until_ms - clock_unix_ms();
  OpenConversation one = { .openid = run->openid,
                           .question = run->question,
                           .place = run->place,
                           .since_s = run->since_s,
                           .left_s = run->until_ms == 0 ? -1
                                     : left_ms > 0      ? left_ms / 1000
                                                        : 0 };
  telling->each(telling->ctx, &one);
}

void conversations_list(const BotShared *shared, size_t max,
                        void (*each)(void *ctx, const OpenConversation *one), void *ctx) {
  Arena *arena = arena_new();
  size_t count = 0;
  OpenConversation *list = arena ? list_here(shared->conversations, max, arena, &count) : NULL;
  for (size_t i = 0; i < count; i++) each(ctx, &list[i]);
  arena_free(arena);
  Telling telling = { each, ctx };
  if (shared->keep) keep_list(shared->keep, false, max - count, tell_kept, &telling);
}

bool conversations_end(const BotShared *shared, Str openid, const char *reason) {
  Interpreter *in = conversations_find(shared->conversations, openid, false);
  bool kept = shared->keep && keep_has(shared->keep, openid);
  interpreter_release(in);
  if (!in && !kept) return false;
  conversations_end_user(shared->conversations, openid, reason);
  if (kept) keep_drop(shared->keep, openid, STR(""));
  return true;
}

// ---- next message of the user -------------------------------------------------------------------

// With the mutex held.
static Conversation *find(const Conversations *conversations, Str openid, bool is_event) {
  uint32_t hash = hash_of(openid);
  Conversation *conversation = conversations->buckets[hash % BUCKETS];
  while (conversation &&
         !(is_of(conversation, hash, openid) && (conversation->events || !is_event)))
    conversation = conversation->next;
  return conversation;
}

Interpreter *conversations_find(Conversations *conversations, Str openid, bool is_event) {
  if (conversations_count(conversations) == 0) return NULL;
  pthread_mutex_lock(&conversations->mutex);
  const Conversation *conversation = find(conversations, openid, is_event);
  Interpreter *in = conversation ? interpreter_retain(conversation->in) : NULL;
  pthread_mutex_unlock(&conversations->mutex);
  return in;
}

Conversation *conversations_take(Conversations *conversations, Str openid, bool is_event) {
  if (conversations_count(conversations) == 0) return NULL;
  pthread_mutex_lock(&conversations->mutex);
  Conversation *conversation = find(conversations, openid, is_event);
  if (conversation) unlist(conversation);
  pthread_mutex_unlock(&conversations->mutex);
  if (conversation) disarm(conversation);
  return conversation;
}

Interpreter *conversation_interpreter(const Conversation *conversation) { return conversation->in; }

// Puts a conversation back into the table, with its reference to the interpreter, and waits again.
static void put_back(Conversation *conversation) {
  add(conversation);
  arm(conversation);
}

// Checks that this process may still continue the conversation: another process on the store may have done so.
static KeepFound claim(Conversation *conversation, Str answering, Buf *value) {
  Keep *keep = conversation->in->options.shared->keep;
  if (!conversation->kept || !keep_is_shared(keep) || conversation->claimed) return KEEP_ASKING;
  KeepFound found =
      keep_claim_held(keep, openid_of(conversation), conversation->asks, answering, value);
  conversation->claimed = found == KEEP_ASKING;
  return found;
}

TaskState conversation_run_message(Conversation *conversation, const MessageTask *message,
                                   int64_t deadline_us, Answer *answer) {
  MessageStart start = { message, answer, NULL };
  TaskState state;
  Buf value;
  buf_init(&value);
  interpreter_retain(conversation->in);  // the caller keeps its own reference
  // The message is a retry that this question has already answered, perhaps at another process.
  if (conversation->kept && conversation->answered == str_hash(message->raw, 0)) {
    put_back(conversation);
    *answer = (Answer){ .reply.form = REPLY_NONE };
    return TASK_RETURNED;
  }
  KeepFound found = claim(conversation, message->raw, &value);
  if (found != KEEP_ASKING) {
    if (found == KEEP_BUSY) put_back(conversation);
    else evict(conversation);
    buf_clear(&value);
    return TASK_LOST;
  }
  if (conversation->claimed) start.value = &value;
  if (!wait_resume(conversation->wait, message_begin, message_push, &start, deadline_us, &state)) {
    put_back(conversation);
    buf_clear(&value);
    return TASK_LOST;
  }
  Interpreter *in = conversation->in;
  part_from_wait(conversation);
  conversation_release(conversation);
  interpreter_release(in);
  buf_clear(&value);
  return state;
}

// ---- asking -------------------------------------------------------------------------------------

// Returns the time-out in Unix milliseconds; 0: never.
static int64_t until_ms(double timeout_s) {
  return timeout_s < 0 ? 0 : clock_unix_ms() + (int64_t)(timeout_s * 1e3);
}

// Sends the question and makes the task wait for the answer. The arguments of `ask` are on the stack.
static int ask_now(lua_State *L, const Talk *talk) {
  Interpreter *in = interpreter_of(L);
  Task *task = task_running(L);
  double timeout_s = luaL_optnumber(L, 2, -1);
  Wait *wait = wait_begin(L, "wechat.ask");
  char place[PLACE_SIZE] = "";
  OpenConversation texts = { .openid = message_sender(task) };
  if (!talk) {
    Str question = message_question(task);
    place_innermost(L, place, sizeof place);
    texts.question = str_sub(question, 0, str_utf8_prefix(question, QUESTION_MAX));
    texts.place = str_of(place);
  }
  Conversation *conversation =
      conversation_new(in->options.shared->conversations, in, wait, &texts);
  if (!conversation) {
    wait_abort(wait);
    raise_no_memory(L);
  }
  conversation->events = lua_toboolean(L, 3);
  conversation->until_us = timeout_s < 0 ? INT64_MAX : clock_now_us() + (int64_t)(timeout_s * 1e6);
  conversation->kept = talk;
  if (talk) conversation->asks = talk->run.asks;
  if (talk) conversation->answered = str_hash(talk->run.answering, 0);
  if (talk) conversation->kept_until_ms = talk->run.until_ms;
  add(conversation);
  arm(conversation);
  message_answer_and_stay(task);
  return wait_suspend(L, wait, on_cancel, conversation);
}

static void on_stored(void *ctx, StoreReply *reply);

static int store_question(lua_State *L, Talk *talk) {
  Wait *wait = wait_begin(L, "wechat.ask");
  if (talk_save(talk, task_record(task_running(L)), KEPT_ASKS, on_stored, wait))
    return wait_suspend(L, wait, NULL, NULL);
  wait_abort(wait);
  return ask_now(L, NULL);
}

static int store_again(lua_State *L, int status, lua_KContext context) {
  return store_question(L, message_talk(task_running(L)));
}

static int pause_for_store(lua_State *L) {
  return wait_until(L, "wechat.ask", clock_now_us() + STORE_PAUSE_US);
}

// Called when the store has replied. Asks the question in any case: when it is stored, after new attempts, or without
// the store.
static int ask_stored(lua_State *L, void *data) {
  StoreReply *reply = data;
  bool away = reply->err.code != ERR_NONE, stored = !away && reply->ok;
  Talk *talk = message_talk(task_running(L));
  if (away) talk_not_saved(talk);
  if (away && clock_now_us() + STORE_PAUSE_US < talk->ask_until_us) {
    store_reply_free(reply);
    lua_pushcfunction(L, pause_for_store);
    lua_callk(L, 0, 0, 0, store_again);
    return store_again(L, LUA_OK, 0);
  }
  if (away)
    log_warn("a conversation stays in this process, since the store did not take it: %s",
             reply->err.text);
  store_reply_free(reply);
  if (away || stored) return ask_now(L, stored ? talk : NULL);
  lua_pushcfunction(L, message_check_talk);
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
  Talk *talk = message_keep_question(L, task, until_ms(timeout_s), lua_toboolean(L, 3));
  return talk ? store_question(L, talk) : ask_now(L, NULL);
}

static const DoorFunction functions[] = {
  { "wechat.ask", "document", l_ask, DOOR_ASKS, NULL },
  { NULL, NULL, NULL, DOOR_READS, NULL },
};

static int take_answer(lua_State *L, int status, lua_KContext context) {
  message_answered_again(task_running(L));
  if (lua_type(L, 1) != LUA_TSTRING) return lua_gettop(L);
  if (!message_push_document(L, lua_str(L, 1))) raise(L, "wechat.ask: the answer is no message");
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
